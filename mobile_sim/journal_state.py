"""The lines of a journal, and the state that they add up to. Pure.

Lines are JSON objects::

    {"origin": "…", "upto": n, "latest": {light: moment}}   first line: the keys up to n are spoken for
    {"press": <press frame>, "lead_ms": n, "unix_ms": n}    a press, written before it is sent
    {"done": key}                                           its last word was said
"""

from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from presslight.contract.phone import Press
from presslight.contract.words import MAX_SMALL, Key, LightId, Moment, Origin


class _Line(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Head(_Line):
    """The first line. `latest`: the newest deadline given to each light."""

    origin: Origin
    upto: int = Field(ge=0, le=MAX_SMALL)
    latest: dict[LightId, Moment] = {}


class Kept(_Line):
    """A press as written. `lead_ms`: its deadline's, at the press; `unix_ms`: the wall clock then, only for its age."""

    press: Press
    lead_ms: int
    unix_ms: int


class Done(_Line):
    """A press needs no keeping any more."""

    done: Key


@dataclass
class JournalState:
    """The state after all lines of a journal."""

    origin: str
    upto: int
    latest: dict[str, Moment]
    open: dict[str, Kept] = field(default_factory=dict)
    unreadable: int = 0
    """Lines that made no sense; with any of them the counter cannot be trusted, so a new origin is due."""

    def add_press(self, kept: Kept) -> None:
        """A press was made."""
        self.open[kept.press.key] = kept
        if kept.press.not_after is not None:
            self.latest[kept.press.light] = kept.press.not_after

    def close(self, key: str) -> None:
        """A press has its last word."""
        self.open.pop(key, None)


class NotAJournal(ValueError):
    """The first line is not a journal's."""


def read(content: bytes) -> JournalState:
    """Add up a journal. What follows the last line break was being written when the phone died: it was never sent.

    Raises NotAJournal.
    """
    first, *lines = content.split(b"\n")[:-1] or [b""]
    try:
        head = Head.model_validate_json(first)
    except ValidationError:
        raise NotAJournal from None
    state = JournalState(head.origin, head.upto, dict(head.latest))
    for line in lines:
        _add(state, line)
    return state


def _add(state: JournalState, line: bytes) -> None:
    try:
        entry = (Done if line.startswith(b'{"done"') else Kept).model_validate_json(line)
    except ValidationError:
        state.unreadable += 1
        return
    if isinstance(entry, Kept):
        state.add_press(entry)
    else:
        state.close(entry.done)


def rewrite_journal(state: JournalState) -> bytes:
    """Write a journal anew, with only what is still needed."""
    head = Head(origin=state.origin, upto=state.upto, latest=state.latest)
    return b"".join([line(head), *map(line, state.open.values())])


def line(entry: Head | Kept | Done) -> bytes:
    """Write one line."""
    return entry.model_dump_json(exclude_none=True).encode() + b"\n"
