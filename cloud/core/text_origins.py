"""The keys of presses that come under texts: of each phone at each light one origin, counting up. Pure.

An origin is drawn at random in each life of a bridge: nobody can use it before, and no store that is older than what
the light remembers can have a number mean another press.
"""

from collections.abc import Callable

from presslight.contract.words import MAX_SMALL, split_key

MOST_KEPT = 10_000
"""Phones and lights. Whichever pressed longest ago is let go of, and gets another origin."""


class TextOrigins:
    """`draw` answers 64 random bits in hex."""

    def __init__(self, draw: Callable[[], str], most: int = MOST_KEPT) -> None:
        self._draw = draw
        self._most = most
        self._newest: dict[tuple[str, str], tuple[str, int]] = {}

    def next(self, light: str, phone: str) -> str:
        """The next key of a phone at a light."""
        origin, number = self._newest.pop((light, phone), ("", MAX_SMALL))
        if number == MAX_SMALL:
            origin, number = self._draw(), 0
        if len(self._newest) >= self._most:
            del self._newest[next(iter(self._newest))]
        self._newest[light, phone] = (origin, number + 1)
        return f"{origin}-{number + 1}"

    def take_back(self, light: str, phone: str, key: str) -> None:
        """The key that was given last was not stored, surely: the next press has it. Gaps would be forgotten sooner."""
        origin, number = split_key(key)
        if self._newest.get((light, phone)) == (origin, number):
            self._newest[light, phone] = (origin, number - 1)
