"""A light that asks Home Assistant for QoS 0, and is else like all others."""

import lamp.report

asked = lamp.report._DISCOVERY
lamp.report._DISCOVERY = asked.replace('"qos":1', '"qos":0')
assert asked != lamp.report._DISCOVERY

import main  # noqa: E402, F401 -- the firmware, which runs as it is read
