"""The presses without a final status, and who is told of each. Pure."""

from collections import Counter

from presslight.cloud.core.ports import OutcomeListener
from presslight.cloud.core.press import Press

SHARE_OF_PHONE = 4
"""One phone gets a quarter of the room: its presses stay open for as long as a light is away, if it wants so."""


class OpenPresses:
    """By key, and by light. `most`, `most_of_light`: how many there is room for, of all phones."""

    def __init__(self, most: int, most_of_light: int) -> None:
        self._most = most
        self._most_of_light = most_of_light
        self._by_key: dict[str, Press] = {}
        self._by_light: dict[str, dict[str, Press]] = {}
        self._listeners: dict[str, list[OutcomeListener]] = {}
        self._count_of: Counter[tuple[str, str | None]] = Counter()  # by phone and light, and by phone

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: str) -> Press | None:
        """The open press with this key."""
        return self._by_key.get(key)

    def all(self) -> list[Press]:
        """Every one, as of now."""
        return list(self._by_key.values())

    def of(self, light: str) -> list[Press]:
        """Those of one light, as of now."""
        return list(self._by_light.get(light, {}).values())

    def has_room(self, light: str, phone: str) -> bool:
        """Whether one more may come, for this light from this phone."""
        count, of_light = self._count_of, len(self._by_light.get(light, ()))
        return (
            len(self._by_key) < self._most
            and of_light < self._most_of_light
            and count[phone, None] < _share(self._most)
            and count[phone, light] < _share(self._most_of_light)
        )

    def add(self, press: Press, listener: OutcomeListener | None) -> None:
        """Take up a press."""
        order = press.order
        self._by_key[order.key] = press
        self._by_light.setdefault(order.light, {})[order.key] = press
        self._listeners[order.key] = [] if listener is None else [listener]
        for one in ((order.phone, None), (order.phone, order.light)):
            self._count_of[one] += 1

    def remove(self, press: Press) -> None:
        """Remove a press, and its listeners."""
        order = press.order
        del self._by_key[order.key]
        of_light = self._by_light[order.light]
        del of_light[order.key]
        if not of_light:
            del self._by_light[order.light]
        del self._listeners[order.key]
        for one in ((order.phone, None), (order.phone, order.light)):
            self._count_of[one] -= 1
            if not self._count_of[one]:
                del self._count_of[one]

    def listeners(self, key: str) -> list[OutcomeListener]:
        """Those that are told each status of a press."""
        return self._listeners.get(key, [])

    def add_listener(self, key: str, listener: OutcomeListener) -> None:
        """Tell `listener` each status of a press from now on, once."""
        listeners = self._listeners.get(key)
        if listeners is not None and listener not in listeners:
            listeners.append(listener)

    def remove_listener(self, key: str, listener: OutcomeListener) -> None:
        """Tell `listener` no further status of a press."""
        listeners = self._listeners.get(key, [])
        if listener in listeners:
            listeners.remove(listener)


def _share(room: int) -> int:
    return max(1, room // SHARE_OF_PHONE)
