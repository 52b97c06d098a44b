"""The power of a simulated light."""

from enum import StrEnum


class Power(StrEnum):
    """Whether the light has power, or had it and ended all the same."""

    OFF = "off"
    ON = "on"
    DIED = "died"


MOVES = {Power.OFF: {Power.ON}, Power.ON: {Power.OFF, Power.DIED}, Power.DIED: {Power.ON}}
"""From each, where it may go."""
