"""Ports that a test comes back to after it let them go."""

import random
from contextlib import suppress

from presslight.broker import ports
from presslight.broker.errors import PortInUse

OURS = range(10_000, ports.CANDIDATE_PORTS.start)
"""Below what the stack itself takes where it is told no port, and so free also while other tests run beside."""


def lasting() -> int:
    """A port of this machine's loopback that stays free until whoever asked for it listens there, and in between."""
    for port in random.sample(OURS, ports.ATTEMPTS):
        with suppress(PortInUse), ports.open_listener("127.0.0.1", port):
            return port
    raise AssertionError(f"no port of {OURS} is free")
