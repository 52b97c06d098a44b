"""The small shared nouns: keys, versions, moments on a light's clock, what a light decided, what a phone says."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

WIRE_VERSION = 1
"""The version of everything on this wire; messages carry it as `v`."""

MAX_SMALL = 2**30 - 1
"""The largest counter on the wire: the largest integer that a 32-bit MicroPython keeps without allocating."""

MAX_UP_MS = 10**13 - 1
"""The longest uptime on the wire, in ms (317 years)."""

DEFAULT_PATIENCE_MS = 2_000
"""How long after the press it may still act, where the phone does not say: the budget of promise P3."""

MAX_PATIENCE_MS = 10_000
"""The longest patience that the bridge takes from a phone."""

MAX_AGE_MS = 3_600_000
"""The largest age of a press on the wire; an older one says so much."""

MAX_AHEAD_MS = 60_000
"""The furthest ahead of its own clock that a light takes a deadline; keeps its dedupe table from filling for ever."""

MAX_DRIFT_PPM = 1_000
"""How fast two clocks may part, in parts per million, where each is true to ±500; bounds grow slower by this much."""

RESERVED_LIGHTS = frozenset({"bridge", "homeassistant"})
"""Names (and every name that starts with `bridge-`) that are broker users of their own, so no light has them."""

_KEY = re.compile(r"([0-9a-f]{16})-([1-9][0-9]{0,9})")


def _free_name(name: str) -> str:
    if name in RESERVED_LIGHTS or name.startswith("bridge-"):
        message = f"{name} is a reserved name"
        raise ValueError(message)
    return name


def _up_to(limit: int) -> str:
    digits = str(limit)
    same_length = [
        f"{digits[:place]}[{int(place == 0)}-{int(digit) - 1}][0-9]{{{len(digits) - place - 1}}}"
        for place, digit in enumerate(digits)
        if int(digit) > int(place == 0)
    ]
    return "|".join([f"[1-9][0-9]{{0,{len(digits) - 2}}}", *same_length, digits])


LightId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", max_length=32),
    AfterValidator(_free_name),
    Field(json_schema_extra={"not": {"pattern": rf"^(?:{'|'.join(sorted(RESERVED_LIGHTS))}|bridge-.*)$"}}),
]
"""A light's name: its topic level, its MQTT user and client id. Lower case, digits, `-`, `_`; 1 to 32 of them."""

_LIGHT_ID: TypeAdapter[str] = TypeAdapter(LightId)


def is_light_id(name: str) -> bool:
    """Whether a light can have this name."""
    try:
        _LIGHT_ID.validate_python(name)
    except ValidationError:
        return False
    return True


Origin = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$", max_length=16)]
"""One installation of a phone: 64 random bits in lower-case hex."""

Key = Annotated[
    str,
    StringConstraints(pattern=rf"^[0-9a-f]{{16}}-(?:{_up_to(MAX_SMALL)})$", max_length=27),
]
"""One press: `origin-n`, n counting up from 1 to 2**30-1, never reused."""

BootId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$", max_length=8)]
"""One boot of a light: 32 random bits in lower-case hex."""

Up = Annotated[int, Field(ge=0, le=MAX_UP_MS)]
"""A light's monotonic clock: ms since its boot."""

Counter = Annotated[int, Field(ge=0, le=MAX_SMALL)]

Version = tuple[Counter, Counter]
"""(epoch, seq): epoch +1 per boot (kept in flash), seq +1 per change whatever its cause. Compares as a tuple."""

WireVersion = Annotated[int, Field(ge=WIRE_VERSION, le=WIRE_VERSION)]
"""The `v` of a message. Not a Literal: that would take `true` and `1.0` for 1, which no light reads."""


OpenWord = Annotated[str, StringConstraints(min_length=1, max_length=32)]
"""One of the values that its field names, or one of a newer version: passed on; the rest of the message counts."""


def is_key(text: str) -> bool:
    """Whether this is a valid `Key`."""
    match = _KEY.fullmatch(text)
    return match is not None and int(match[2]) <= MAX_SMALL


def split_key(key: str) -> tuple[str, int]:
    """Take `origin-n` apart. The key must be a valid `Key`."""
    match = _KEY.fullmatch(key)
    if match is None:
        message = f"not a key: {key[:40]!r}"
        raise ValueError(message)
    return match[1], int(match[2])


class Wire(BaseModel):
    """A message we make and whose extra fields we ignore, so that a newer sender is still understood."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Moment(Wire):
    """A point on one light's clock in one boot of it: `up` ms after that boot."""

    boot: BootId
    up: Up


class Outcome(StrEnum):
    """A light's decision about a key. Only `applied` changed its output; the others never will, except BUSY.

    BUSY: the dedupe table has no free place. A copy of the same key may still act until its deadline, so nobody may
    call it final before that. FORGOTTEN: the light cannot tell any more whether it applied this key. REBOOTED: the
    deadline names another boot of this light; whether it applied before that reboot is not known.
    """

    APPLIED = "applied"
    LATE = "late"
    SUPERSEDED = "superseded"
    PRECONDITION = "precondition"
    INVALID = "invalid"
    BUSY = "busy"
    FORGOTTEN = "forgotten"
    REBOOTED = "rebooted"


class PressStatus(StrEnum):
    """Status of a press, as its phone is told (docs/protocol.md says when each is true)."""

    ACCEPTED = "accepted"
    APPLIED = "applied"
    REFUSED = "refused"
    OFFLINE = "offline"
    UNCONFIRMED = "unconfirmed"
    NOT_APPLIED = "not_applied"
    LOST_IN_REBOOT = "lost_in_reboot"
    FORGOTTEN = "forgotten"

    @property
    def final(self) -> bool:
        """True for a last word: nothing later contradicts it."""
        return self not in (PressStatus.ACCEPTED, PressStatus.UNCONFIRMED)


class Reason(StrEnum):
    """Why a press was refused (the light said so) or offline (it was never handed to the broker)."""

    LATE = "late"
    SUPERSEDED = "superseded"
    PRECONDITION = "precondition"
    INVALID = "invalid"
    BUSY = "busy"
    LIGHT_OFFLINE = "light_offline"
    BROKER_AWAY = "broker_away"
