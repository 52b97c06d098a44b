"""A press as it was asked for, and as the store has it."""

import json
from typing import NamedTuple

from presslight.cloud.core.principal import Principal
from presslight.contract.phone import Legs, Wish
from presslight.contract.words import DEFAULT_PATIENCE_MS, Key, LightId, Moment, PressStatus, Reason, Version

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class Ask(NamedTuple):
    """A press as a phone asked for it. `before_us`: what had passed since the finger when its frame came in.

    `text`: the digest of the text that stands for its key; the key is empty then until the press is stored or found.
    """

    key: str
    light: str
    principal: Principal
    set: Wish
    if_ver: Version | None = None
    not_after: Moment | None = None
    patience_ms: int = DEFAULT_PATIENCE_MS
    before_us: int = 0
    text: bytes | None = None

    @property
    def phone(self) -> str:
        """The name of the phone that asks."""
        return self.principal.name

    @property
    def is_dated(self) -> bool:
        """Whether who asks again brings key and deadline along, so that a store that lost them does no harm."""
        return self.not_after is not None and self.text is None

    def payload(self) -> str:
        """Canonical JSON of light, wish, `if_ver` and `not_after`: names sorted, no white space, no absent fields.

        Another ask with the same key and payload is the same press.
        """
        asked = {
            "light": self.light,
            "set": self.set.model_dump(exclude_none=True),
            "if_ver": self.if_ver,
            "not_after": self.not_after and self.not_after.model_dump(),
        }
        return _CANONICAL.encode({name: value for name, value in asked.items() if value is not None})


class Order(NamedTuple):
    """A press that was taken. `payload`: of its Ask; an equal one is the same press."""

    key: Key
    light: LightId
    phone: str
    payload: str
    message: bytes
    not_after: Moment


class Record(NamedTuple):
    """A press as the store keeps it."""

    key: Key
    light: LightId
    phone: str
    payload: str
    message: bytes
    boot: str
    up: int
    status: PressStatus
    reason: Reason | None
    version: Version | None
    legs: Legs | None
