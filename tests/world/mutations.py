"""Each safeguard, and how to take it out: without any one of them, some world must break a promise."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import lamp.gate
import lamp.light
import lamp.record
import lamp.table
import presslight.cloud.core.bound
import presslight.cloud.core.intake
import presslight.cloud.core.press
import presslight.cloud.core.presses
import presslight.mobile_sim.bound
import presslight.mobile_sim.journal
import presslight.mobile_sim.presses
from lamp.command import VALID, Command
from lamp.gate import Gate
from lamp.light import Light
from lamp.table import ACTED, NEVER, NEW, UNKNOWN, Table
from presslight.cloud.core.actions import Action
from presslight.cloud.core.events import Decided, LightForgotten
from presslight.cloud.core.lights import Lights
from presslight.cloud.core.pending_probe import PendingProbe
from presslight.cloud.core.press import Press, State
from presslight.cloud.core.record import Ask, Record
from presslight.cloud.core.report_effect import ReportEffect
from presslight.cloud.core.text_origins import TextOrigins
from presslight.contract.words import Outcome, PressStatus, Reason
from presslight.mobile_sim.screen import Screen
from tests.world import event_queue, fake_store
from tests.world.lamp import Lamp
from tests.world.life import PROGRAMMED, VISITED


@dataclass(frozen=True)
class Mutation:
    """A safeguard. `breaks`: how the violations start that show that it is gone.

    `first`: the seed to start the search at, where a rare mischance is needed; it may be wrong, then it takes longer.
    """

    name: str
    without: Callable[[], AbstractContextManager[object]]
    breaks: tuple[str, ...]
    first: int = 0


def _knows(**instead: int) -> AbstractContextManager[object]:
    """A table that takes what it knows for something else."""
    real = Table.knows
    names = {"acted": ACTED, "never": NEVER, "unknown": UNKNOWN}
    turned = {names[name]: answer for name, answer in instead.items()}
    note = Table.note

    def knows(table: Table, origin: str, number: int, until: int) -> int:
        answer: int = real(table, origin, number, until)
        return turned.get(answer, answer)

    def note_any(table: Table, origin: str, number: int, has_acted: bool, until: int, up: int) -> bool:
        """A number below the highest leaves no trace."""
        is_old = real(table, origin, number, until) != NEW
        return is_old or bool(note(table, origin, number, has_acted, until, up))

    return patch.multiple(Table, knows=knows, note=note_any)


def _judging(change: Callable[[Gate, Command, int], None]) -> AbstractContextManager[object]:
    """A gate before which each command is changed."""
    real = Gate.judge

    def judge(gate: Gate, command: Command, up: int, epoch: int, seq: int) -> bool:
        boot, until, if_ver = command.boot, command.until, command.if_ver
        change(gate, command, up)
        try:
            return bool(real(gate, command, up, epoch, seq))
        finally:
            command.boot, command.until, command.if_ver = boot, until, if_ver

    return patch.object(Gate, "judge", judge)


def _any_boot(gate: Gate, command: Command, _up: int) -> None:
    command.boot = gate.boot


def _no_deadline(_gate: Gate, command: Command, up: int) -> None:
    command.until = max(command.until, up + 1_000)


def _no_precondition(_gate: Gate, command: Command, _up: int) -> None:
    command.if_ver = None


def _no_epoch() -> AbstractContextManager[object]:
    return patch.object(lamp.record, "next_epoch", lambda ceiling, flashed, _kept: (flashed // 60 + 1, ceiling))


def _reopened_keys() -> AbstractContextManager[object]:
    real = fake_store.FakePressStore.find

    def find(store: fake_store.FakePressStore, key: str) -> Record | None:
        known = real(store, key)
        return None if known is not None and known.status.final else known

    return patch.object(fake_store.FakePressStore, "find", find)


def _kept_wishes() -> AbstractContextManager[object]:
    real = Light.on_event
    return patch.object(
        Light,
        "on_event",
        lambda light, event, heard, up: real(light, VALID if event == lamp.light.RETAINED else event, heard, up),
    )


def _blind_faith() -> AbstractContextManager[object]:
    """A bridge that does not notice that it missed answers."""
    real = Lights.on_report

    def on_report(house: Lights, *report: object, **live: bool) -> ReportEffect:
        return real(house, *report, **live)._replace(missed=False)  # type: ignore[arg-type]  # as they came

    return patch.object(Lights, "on_report", on_report)


def _recalled_as_followed() -> AbstractContextManager[object]:
    real = Press.recalled

    def recalled(record: Record, quiet_until: int = 0, *, on_disk: bool = True) -> Press:
        press = real(record, quiet_until, on_disk=on_disk)
        press._followed = True
        return press

    return patch.object(Press, "recalled", recalled)


def _loud_reload() -> AbstractContextManager[object]:
    stack = ExitStack()
    for module in (presslight.cloud.core.presses, presslight.cloud.core.intake):
        stack.enter_context(patch.object(module, "QUIET_NS", 0))
    return stack


def _all_new() -> AbstractContextManager[object]:
    """A bridge that takes whatever its store does not have for a press that was never sent."""
    return patch.object(presslight.cloud.core.intake, "_is_new", lambda _ask, _light, _now: True)


def _denial_of_what_was_forgotten() -> AbstractContextManager[object]:
    """A bridge that says of a press on a light that was forgotten that it never acted."""

    def forgotten(press: Press, _event: LightForgotten, _now: int) -> tuple[Action, ...]:
        return press._close(PressStatus.NOT_APPLIED)

    table = {state: {**events} for state, events in Press._TABLE.items()}
    for state in (State.OPEN, State.UNCONFIRMED):
        table[state][LightForgotten] = forgotten
    return patch.object(Press, "_TABLE", table)


def _final_busy() -> AbstractContextManager[object]:
    real = Press._decided

    def decided(press: Press, event: Decided, now: int) -> tuple[Action, ...]:
        if event.outcome is Outcome.BUSY:
            return press._close(PressStatus.REFUSED, Reason.BUSY)
        return real(press, event, now)

    table = {state: {**events} for state, events in Press._TABLE.items()}
    for state in (State.OPEN, State.UNCONFIRMED):
        table[state][Decided] = decided
    return patch.object(Press, "_TABLE", table)


@contextmanager
def _no_drift() -> Iterator[None]:
    """No allowance for drift, and clocks that part as fast as they may."""
    real = event_queue.Clock

    def slow(times: event_queue.EventQueue, _ppm: int, shows: int) -> event_queue.Clock:
        return real(times, -500, shows)

    def fast(times: event_queue.EventQueue, _ppm: int, shows: int) -> event_queue.Clock:
        return real(times, 500, shows)

    with (
        patch.object(presslight.cloud.core.bound, "_SLOWEST", 1_000_000),
        patch.object(presslight.mobile_sim.bound, "DRIFT", 0.0),
        patch("tests.world.lamp.event_queue.Clock", slow),
        patch("tests.world.bridge_process.Clock", fast),
        patch("tests.world.handset.Clock", fast),
    ):
        yield


def _loud_ghosts() -> AbstractContextManager[object]:
    """A bridge that believes each report that comes live, as if it had asked for it."""
    return patch.object(PendingProbe, "is_answered_in", lambda _pending_probe, _report: True)


def _answers_to_old_questions() -> AbstractContextManager[object]:
    return patch.object(PendingProbe, "drop", lambda _pending_probe: None)


def _no_questions() -> AbstractContextManager[object]:
    return patch.object(PendingProbe, "is_due", lambda _pending_probe, _now: False)


def _one_line_for_ever() -> AbstractContextManager[object]:
    """Phones that never take a lower version."""
    return patch.object(Screen, "_count_lines", lambda _screen, _told: False)


def _deaf_to_shown_versions() -> AbstractContextManager[object]:
    return patch.object(Lights, "on_shown_versions", lambda _lights, _have, _now: [])


def _no_blocks() -> AbstractContextManager[object]:
    real = presslight.mobile_sim.journal.Journal._take_block

    def take(journal: presslight.mobile_sim.journal.Journal) -> None:
        real(journal)
        journal._state.upto = 0

    return patch.object(presslight.mobile_sim.journal.Journal, "_take_block", take)


@contextmanager
def _no_trace_of_who_left() -> Iterator[None]:
    place = Table._place

    def forgetful(table: Table, origin: str, up: int) -> int:
        found: int = place(table, origin, up)
        table.gone_until = -1
        table._blind = [-1] * len(table._blind)
        return found

    with patch.object(Table, "_place", forgetful):
        yield


def _cause_without_a_change() -> AbstractContextManager[object]:
    """A light that takes each press that it applied for what brought it to its version."""
    real = Light._become

    def become(light: Light, output: tuple[bool, int], cause: str, up: int) -> bool:
        real(light, output, cause, up)
        light.changed_by, light.changed_at = cause, up
        return True

    return patch.object(Light, "_become", become)


def _no_latest() -> AbstractContextManager[object]:
    return patch.object(presslight.mobile_sim.journal.Journal, "latest", lambda journal, light: None)


def _deaf_to_denials() -> AbstractContextManager[object]:
    return patch.object(Lamp, "hear_denial", lambda _lamp: None)


def _silent_about_the_dead() -> AbstractContextManager[object]:
    """A bridge that takes the broker to keep `offline` of every light already."""
    return patch.object(Lights, "stands_offline", lambda _lights, _name: True)


def _texts_that_nobody_remembers() -> AbstractContextManager[object]:
    return patch.object(fake_store.FakePressStore, "find_text", lambda _store, _text: None)


def _texts_that_do_not_wait() -> AbstractContextManager[object]:
    """A bridge that takes a deadline for enough to know a press by after a power cut, though its key is lost."""
    return patch.object(Ask, "is_dated", property(lambda ask: ask.not_after is not None))


def _one_origin_for_all_texts() -> AbstractContextManager[object]:
    """A bridge that counts anew with the same origin in each life, and for each light."""
    return patch.object(presslight.cloud.core.intake, "TextOrigins", lambda _draw: TextOrigins(lambda: "0" * 16))


MUTATIONS = (
    Mutation("boot id", lambda: _judging(_any_boot), ("late", "double", "false", "misordered")),
    Mutation("deadline", lambda: _judging(_no_deadline), ("late", "false")),
    Mutation("dedupe window", lambda: _knows(acted=NEW), ("double", "false")),
    Mutation("superseded", lambda: _knows(never=NEW), ("misordered", "false")),
    Mutation("epoch", _no_epoch, ("stale", "anew")),
    Mutation("store's key closing", _reopened_keys, ("false",), first=37),
    Mutation("retained drop", _kept_wishes, ("ghost",)),
    Mutation("who left the table", _no_trace_of_who_left, ("false",), first=183),
    Mutation("what left the window", lambda: _knows(unknown=NEVER), ("false",), first=309),
    Mutation("precondition", lambda: _judging(_no_precondition), ("unseen",)),
    Mutation("deadlines that never go back", _no_latest, ("misordered", "false"), first=1886),
    Mutation("busy is no last word", _final_busy, ("false",), first=100),
    Mutation("missed answers", _blind_faith, ("false",), first=49),
    Mutation("recalled presses are not followed", _recalled_as_followed, ("false",), first=397),
    Mutation("a power cut may take a press back", _all_new, ("false",), first=10101),
    Mutation("presses taken up are quiet", _loud_reload, ("false",), first=131),
    Mutation("late reports are no new boot", _loud_ghosts, ("anew", "false")),
    Mutation("answers to old questions prove nothing", _answers_to_old_questions, ("anew",)),
    Mutation("who contradicts is asked", _no_questions, ("stale", "kept"), first=VISITED),
    Mutation("phones follow a new line", _one_line_for_ever, ("stale",), first=VISITED),
    Mutation("what phones show is taken in", _deaf_to_shown_versions, ("stale",), first=VISITED + 44),
    Mutation("who was forgotten cannot be asked", _denial_of_what_was_forgotten, ("false",), first=365),
    Mutation("a text is one press", _texts_that_nobody_remembers, ("double", "false"), first=PROGRAMMED),
    Mutation("texts wait for the disk", _texts_that_do_not_wait, ("double", "false"), first=PROGRAMMED + 78),
    Mutation("texts have origins of their own", _one_origin_for_all_texts, ("reused", "false"), first=PROGRAMMED),
    Mutation("drift", _no_drift, ("false", "late", "anew"), first=48),
    Mutation("what changed nothing is no cause", _cause_without_a_change, ("misnamed",)),
    Mutation("blocks of keys", _no_blocks, ("false", "silent"), first=39),
    Mutation("bridges say offline to the broker", _silent_about_the_dead, ("kept",), first=2),
    Mutation("lights answer offline", _deaf_to_denials, ("kept",), first=38),
)
