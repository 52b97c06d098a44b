"""The gate: decides about each keyed command, so that a press acts at most once, never late and never out of order.

docs/protocol.md numbers the rules, `Gate.judge` follows them. All of it lives in RAM: the next boot has another `boot`,
so that rule 1 refuses whatever was meant for this one.
"""

from lamp import MAX_SMALL
from lamp.command import Command
from lamp.table import NEVER, Table

MEMORY = 8
MAX_AHEAD_MS = 60_000

APPLIED, LATE, SUPERSEDED, PRECONDITION, INVALID, BUSY, FORGOTTEN, REBOOTED = range(8)
"""Decisions about a key, each the index of its word in OUTCOMES."""

OUTCOMES = ("applied", "late", "superseded", "precondition", "invalid", "busy", "forgotten", "rebooted")

_KNOWN = (None, APPLIED, SUPERSEDED, FORGOTTEN)  # what the table knows of a number, as an outcome


class Gate:
    """The decisions of one boot: `decided` counts them, repeated ones too.

    `decisions`: the newest MEMORY of them, one a key, oldest first: (origin, number, outcome, seq, us). `us`: from the
    message read to the output changed, where it acted. `told`: up to which count reports have brought them on this
    connection.
    """

    def __init__(self, boot: str) -> None:
        self.boot = boot
        self.decided = 0
        self.told = 0
        self.decisions: "list[tuple[str, int, int, int, int]]" = []
        self._table = Table()

    def judge(self, command: Command, up: int, epoch: int, seq: int) -> bool:
        """Decide about a valid command with a key at clock `up`, the version being (epoch, seq). True: act now.

        Whoever acts writes `seq` and `us` of the newest decision then.
        """
        if command.boot == self.boot and self._repeats(command):
            return False
        outcome = self._settled(command, up)
        acts = False
        if outcome is None:
            outcome = self._new(command, up, (epoch, seq))
            acts = outcome == APPLIED
        self._answer(command, outcome, seq)
        return acts

    def refuse(self, command: Command, up: int, seq: int) -> bool:
        """Answer the key of a message with a bad field, whose deadline nobody knows.

        False where there is no place to remember the answer: then any could become a lie, so there is none.
        """
        if self._repeats(command):
            return True
        origin, number = command.origin, command.number
        outcome = _KNOWN[self._table.knows(origin, number, 0)]
        if outcome is None:
            if not self._table.note(origin, number, False, up + MAX_AHEAD_MS, up):
                return False
            outcome = INVALID if self._table.knows(origin, number, 0) == NEVER else FORGOTTEN
        self._answer(command, outcome, seq)
        return True

    def _settled(self, command: Command, up: int) -> "int | None":
        """Rules 1, 3 and 4: the outcome of what can act no more, or None."""
        if command.boot != self.boot:
            return REBOOTED
        until = command.until
        outcome = _KNOWN[self._table.knows(command.origin, command.number, until)]
        if outcome is None and up > until:
            outcome = FORGOTTEN if until <= self._table.gone_until else LATE
        return outcome

    def _new(self, command: Command, up: int, version: "tuple[int, int]") -> int:
        """Rules 5 to 8: the outcome of what could act."""
        outcome = APPLIED
        if command.until > up + MAX_AHEAD_MS:
            outcome = INVALID
        elif command.if_ver not in (None, version):
            outcome = PRECONDITION
        until = min(command.until, up + MAX_AHEAD_MS)
        is_there = self._table.note(command.origin, command.number, outcome == APPLIED, until, up)
        return outcome if is_there else BUSY

    def _repeats(self, command: Command) -> bool:
        """Rule 2: repeat what was decided about this key lately, if it is final."""
        spot = self._spot(command)
        if spot < 0 or self.decisions[spot][2] == BUSY:
            return False
        self._note(spot, self.decisions[spot])
        return True

    def _answer(self, command: Command, outcome: int, seq: int) -> None:
        """Note a decision, in place of an earlier one about its key or of the oldest of MEMORY."""
        spot = self._spot(command)
        if spot < 0 and len(self.decisions) == MEMORY:
            spot = 0
        command.origin = self._table.kept(command.origin)
        self._note(spot, (command.origin, command.number, outcome, seq, 0))

    def _spot(self, command: Command) -> int:
        """Give where the decision about a key stands, -1 where there is none."""
        for spot, decision in enumerate(self.decisions):
            if decision[1] == command.number and decision[0] == command.origin:
                return spot
        return -1

    def _note(self, spot: int, decision: "tuple[str, int, int, int, int]") -> None:
        """Make a decision the newest, in place of that at `spot`, where this is not -1; and count it."""
        if self.decided == MAX_SMALL:
            raise OverflowError("a new boot must start the count again")
        self.decided += 1
        if spot >= 0:
            self.decisions.pop(spot)
        self.decisions.append(decision)
