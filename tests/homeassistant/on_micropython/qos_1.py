"""A light that asks Home Assistant for QoS 1, and is else like all others."""

from lamp import report

_discovery = report.discovery
report.discovery = lambda name, number: _discovery(name, number)[:-1] + ',"qos":1}'

import main  # noqa: E402, F401 -- the firmware, which runs as it is read
