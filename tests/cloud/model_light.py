"""A light as docs/protocol.md has it, in few lines, for tests of the bridge alone. Pure."""

import secrets
from collections.abc import Sequence

from presslight.contract.light import LightState, LightWish, Power
from presslight.contract.mqtt import Cause, Decision, Report, SetCommand
from presslight.contract.words import MAX_AHEAD_MS, Outcome, split_key

PLACES = 16
WINDOW = 30
REMEMBERED = 8


class Entry:
    """What the light keeps of one origin. `blind_until`: what had a deadline up to this may have acted unseen."""

    def __init__(self, blind_until: int) -> None:
        self.blind_until = blind_until
        self.highest = 0
        self.applied: set[int] = set()
        self.newest_up = -1


class ModelLight:
    """`up` is given with each call: ms since the boot. `acted` lists every key that changed the output, in order."""

    def __init__(self, places: int = PLACES) -> None:
        self.places = places
        self.acted: list[tuple[str, str, int]] = []
        self.epoch = 0
        self.looks = LightState(state="OFF", brightness=255)
        self.reboot()

    def reboot(self) -> None:
        self.boot = secrets.token_hex(4)
        self.epoch += 1
        self.seq = 0
        self.cause = Cause(by="start", up=0)
        self.decided = 0
        self.decisions: dict[str, Decision] = {}
        self.table: dict[str, Entry] = {}
        self.left_up = -1

    @property
    def version(self) -> tuple[int, int]:
        return (self.epoch, self.seq)

    @property
    def state(self) -> Power:
        return self.looks.state

    @property
    def brightness(self) -> int:
        return self.looks.brightness

    def change(self, wish: LightWish, cause: Cause | None = None) -> None:
        """Somebody's hand on the button, or another cause."""
        wanted = {name: value for name, value in wish.attributes().items() if value is not None}
        looks = self.looks.model_copy(update=wanted)
        if looks != self.looks:
            self.looks = looks
            self.seq += 1
            self.cause = cause or Cause(by="button", up=0)

    def receive(self, command: SetCommand, up: int) -> None:
        if command.key is None:
            self.change(command, Cause(by="command", up=up))
            return
        outcome = self._decide(command, up)
        self.decided += 1
        self.decisions.pop(command.key, None)
        self.decisions[command.key] = Decision(key=command.key, outcome=outcome, version=self.version, us=100)
        for key in list(self.decisions)[:-REMEMBERED]:
            del self.decisions[key]

    def _decide(self, command: SetCommand, up: int) -> Outcome:  # noqa: PLR0911 -- the protocol's eight rules, in order
        assert command.key
        assert command.not_after
        origin, number = split_key(command.key)
        if command.not_after.boot != self.boot:
            return Outcome.REBOOTED
        known = self.decisions.get(command.key)
        if known is not None and known.outcome is not Outcome.BUSY:
            return known.outcome
        entry = self.table.get(origin)
        if entry is not None and number <= entry.highest:
            if number <= entry.highest - WINDOW:
                return Outcome.FORGOTTEN
            if number in entry.applied:
                return Outcome.APPLIED
            return Outcome.FORGOTTEN if command.not_after.up <= entry.blind_until else Outcome.SUPERSEDED
        if up > command.not_after.up:
            return Outcome.FORGOTTEN if command.not_after.up <= self.left_up else Outcome.LATE
        if command.not_after.up > up + MAX_AHEAD_MS:
            return Outcome.INVALID
        if entry is None and not self._room(up):
            return Outcome.BUSY
        entry = self.table.setdefault(origin, Entry(self.left_up))
        entry.highest = number
        if command.if_ver is not None and command.if_ver != self.version:
            return Outcome.PRECONDITION
        entry.applied.add(number)
        entry.newest_up = max(entry.newest_up, command.not_after.up)
        self.change(command, Cause(by="press", key=command.key, up=up))
        self.acted.append((command.key, self.boot, up))
        return Outcome.APPLIED

    def _room(self, up: int) -> bool:
        if len(self.table) < self.places:
            return True
        origin, oldest = min(self.table.items(), key=lambda item: item[1].newest_up)
        if oldest.newest_up >= up:
            return False
        self.left_up = max(self.left_up, oldest.newest_up)
        del self.table[origin]
        return True

    def report(self, up: int, most: int = 4) -> Report:
        outcomes: Sequence[Decision] = list(self.decisions.values())[-most:]
        return Report(
            **self.looks.attributes(),
            boot=self.boot,
            up=up,
            version=self.version,
            cause=self.cause,
            decided=self.decided,
            outcomes=tuple(outcomes),
        )
