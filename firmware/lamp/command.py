"""A set message, read into fields that the next one uses again; judged as `decode_set` of contract/mqtt.py does."""

from lamp import MAX_SMALL
from lamp.plain import OTHER, Malformed, Plain

MAX_BYTES = 1_024

VALID, MALFORMED, INVALID, TOO_LARGE = range(4)
"""Verdicts on a message."""

_HEX = "0123456789abcdef"  # what is left of a text without these at its ends tells of others in it, and makes no names


class Command:
    """The output that a message asks for: `is_on`, and `brightness` 1-255, or 0: as it was.

    `origin` (16 hex digits) and `number` are its key, also of an invalid message in which one could be read; else empty
    and 0. With a key come its deadline, `boot` and `until`, and the version it asks for, `if_ver`, or None.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.brightness = 0
        self.origin = ""
        self.number = 0
        self.boot = ""
        self.until = 0
        self.if_ver: object = None
        self._plain = Plain()
        self._members: dict[str, object] = dict.fromkeys(("state", "brightness", "v", "key", "not_after", "if_ver"))
        self._moment: dict[str, object] = dict.fromkeys(("boot", "up"))
        self._seen: list[object] = []

    def read(self, view: memoryview, start: int, end: int) -> int:
        """Read the message view[start:end] and judge it. Only what the verdict says is readable holds afterwards."""
        self.origin, self.number = "", 0
        if end - start > MAX_BYTES:
            return TOO_LARGE
        self._seen.clear()
        try:
            self._plain.open(view, start, end)
            self._read_object(self._members)
            self._plain.close()
        except Malformed:
            return MALFORMED
        has_key = self._take_key(self._members["key"])
        return VALID if self._is_valid(has_key) else INVALID

    def _read_object(self, members: "dict[str, object]") -> None:
        """Read the values of the members we know. Of one that stands twice no value counts: OTHER fits no field."""
        for each in members:
            members[each] = None
        name = self._plain.name(True)
        while name is not None:
            if name == "not_after" and self._plain.peek() == 123:  # an object, which holds no other
                self._read_object(self._moment)
                value: object = self._moment
            else:
                value = self._plain.value()
            if name in members:
                if name in self._seen:
                    value = OTHER
                self._seen.append(name)
                members[name] = value
            name = self._plain.name(False)

    def _is_valid(self, has_key: bool) -> bool:
        members = self._members
        self.is_on = members["state"] == "ON"
        self.brightness = 0 if members["brightness"] is None else _whole(members["brightness"], 1, 255)
        if not (self.is_on or has_key):  # off is off, whatever stands beside it
            self.brightness = max(0, self.brightness)
        return (
            (self.is_on or members["state"] == "OFF")
            and self.brightness >= 0
            and (members["v"] is None or _whole(members["v"], 1, 1) == 1)
            # Without a key there is no promise.
            and (
                self._take_promises()
                if has_key
                else members["key"] is members["not_after"] is members["if_ver"] is None
            )
        )

    def _take_key(self, key: object) -> bool:
        """Take `origin-n` apart, where it is one: 16 hex digits, a dash, 1 to 2**30-1 without leading zeros."""
        if type(key) is not str or not 18 <= len(key) <= 27 or not key.startswith("-", 16) or key.startswith("0", 17):
            return False
        if key[:16].strip(_HEX) or key[17:].strip(_HEX[:10]) or int(key[17:]) > MAX_SMALL:
            return False
        self.origin, self.number = key[:16], int(key[17:])
        return True

    def _take_promises(self) -> bool:
        """Take the deadline, which a key needs, and the version asked for."""
        if self._members["not_after"] is not self._moment:
            return False
        boot, version = self._moment["boot"], self._members["if_ver"]
        self.boot = boot if type(boot) is str else ""
        self.until = _whole(self._moment["up"], 0, 10**13 - 1)
        self.if_ver = version
        is_version = type(version) is tuple and _whole(version[0], 0, MAX_SMALL) >= 0 <= _whole(
            version[1], 0, MAX_SMALL
        )
        if len(self.boot) != 8 or self.boot.strip(_HEX):
            return False
        return self.until >= 0 and (is_version or version is None)


def _whole(value: object, start: int, end: int) -> int:
    """Give a whole number within bounds, -1 for anything else; true is no 1."""
    return value if type(value) is int and start <= value <= end else -1
