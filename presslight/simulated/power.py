"""The power of a simulated light."""

from enum import StrEnum


class Power(StrEnum):
    """The power of a light; DIED: it ended by itself with power."""

    OFF = "off"
    ON = "on"
    DIED = "died"


MOVES = {Power.OFF: {Power.ON}, Power.ON: {Power.OFF, Power.DIED}, Power.DIED: {Power.ON}}
"""The states that may follow each state."""
