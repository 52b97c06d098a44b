"""A light that asks Home Assistant for QoS 1, and is else like all others."""

import lamp.report

lamp.report._DISCOVERY = lamp.report._DISCOVERY[:-1] + ',"qos":1}'

import main  # noqa: E402, F401 -- the firmware, which runs as it is read
