"""How many origins of one phone hold a place in a light's table at once. Pure: times are ns on this bridge's clock.

A light keeps an origin in one of 16 places until its newest deadline has passed; so many can any phone use up.
"""

MOST_LIVE_ORIGINS = 4
"""A phone's app, the one before its reload, a second tab, and what its programs press by text keys."""


class LiveOrigins:
    """Of each phone at each light: the origins whose places may still be taken, and until when (ns)."""

    def __init__(self, most: int = MOST_LIVE_ORIGINS) -> None:
        self._most = most
        self._until: dict[tuple[str, str], dict[str, int]] = {}

    def has_room(self, light: str, phone: str, origin: str, now: int) -> bool:
        """Whether a press of this origin leaves the phone within its places."""
        live = self._until.get((light, phone))
        if live is None or len(live) < self._most or origin in live:
            return True
        for passed in [name for name, until in live.items() if until <= now]:
            del live[passed]
        return len(live) < self._most

    def hold_place(self, light: str, phone: str, origin: str, until: int) -> None:
        """A press of this origin goes to the light, which may keep its place up to `until`."""
        live = self._until.setdefault((light, phone), {})
        live[origin] = max(until, live.get(origin, until))
