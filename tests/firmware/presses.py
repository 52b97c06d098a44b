"""Set messages as the bridge sends them, and what the light said of them."""

import json
from dataclasses import dataclass
from typing import Any

from tests.firmware.on_micropython.scenarios import BOOT


@dataclass(frozen=True)
class Press:
    """One key with all that belongs to it: the same on each of its copies."""

    origin: int
    number: int
    until: int
    state: str = "ON"
    brightness: int | None = None
    if_ver: tuple[int, int] | None = None
    boot: str = BOOT

    @property
    def key(self) -> str:
        return f"{self.origin:016x}-{self.number}"

    @property
    def payload(self) -> str:
        fields: dict[str, Any] = {"state": self.state, "key": self.key}
        fields["not_after"] = {"boot": self.boot, "up": self.until}
        if self.brightness is not None:
            fields["brightness"] = self.brightness
        if self.if_ver is not None:
            fields["if_ver"] = self.if_ver
        return json.dumps(fields)

    @property
    def damaged(self) -> str:
        """The same key in a message with a bad field."""
        return json.dumps({"state": "GLOW", "key": self.key})


@dataclass(frozen=True)
class Seen:
    """What `scenarios.lamp` saw after a step."""

    act: int | None
    is_on: bool
    brightness: int
    seq: int
    decided: int
    answers: list[list[Any]]

    @property
    def outcome(self) -> str:
        """The newest answer's word."""
        word: str = self.answers[-1][1]
        return word
