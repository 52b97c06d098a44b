import pytest

from lamp import MAX_SMALL, light
from lamp.command import Command
from lamp.light import BUTTON, RETAINED, Light
from tests.firmware.conftest import Both
from tests.firmware.presses import Press, Seen


def new() -> Light:
    return Light("b007b007", 3, (False, 255))


def hear(subject: Light, payload: str, is_retained: bool = False) -> int:
    return hear_into(Command(), subject, payload, is_retained)


def hear_into(heard: Command, subject: Light, payload: str, is_retained: bool = False) -> int:
    verdict = heard.read(memoryview(payload.encode()), 0, len(payload))
    act: int = subject.on_event(RETAINED if is_retained else verdict, heard, 1)
    return act


def test_button_turns_the_light_as_it_was_on_and_off(both: Both) -> None:
    steps = ['{"state":"OFF","brightness":9}', "button", "button"]
    off, on, again = (Seen(*each) for each in both("lamp", [[1, steps[0]], *steps[1:]]))
    assert [(each.is_on, each.brightness, each.seq) for each in (off, on, again)] == [
        (False, 9, 1),
        (True, 9, 2),
        (False, 9, 3),
    ]


def test_output_follows_state_and_brightness() -> None:
    subject = new()
    assert subject.output == (False, 255)
    hear(subject, '{"state":"ON"}')
    assert subject.output == (True, 255)
    hear(subject, '{"state":"ON","brightness":1}')
    assert subject.output == (True, 1)


def test_dropped_messages_are_counted_by_cause() -> None:
    subject = new()
    for payload in ("{", "[]", '{"state":"GLOW"}', "x" * 1025):
        assert hear(subject, payload) == light.NOTHING
    assert hear(subject, '{"state":"ON"}', True) == light.NOTHING
    assert not subject.output[0]
    malformed, invalid, too_large, retained = subject.dropped
    assert (malformed, invalid, too_large, retained) == (2, 1, 1, 1)


def test_count_of_dropped_messages_stops_at_its_largest() -> None:
    subject = new()
    subject.dropped[-1] = MAX_SMALL
    assert hear(subject, '{"state":"ON"}', True) == light.NOTHING
    assert subject.dropped[-1] == MAX_SMALL


def test_time_to_the_output_is_noted_with_the_key_that_acted() -> None:
    subject = new()
    heard = Command()
    assert hear_into(heard, subject, Press(1, 1, until=9).payload) == light.SHINE
    subject.took(heard, 350)
    assert subject.gate.decisions[-1][4] == 350
    subject.took(heard, 2**31)
    assert subject.gate.decisions[-1][4] == MAX_SMALL


def test_message_without_key_leaves_the_time_of_the_last_key() -> None:
    subject = new()
    assert hear(subject, Press(1, 1, until=9).payload) == light.SHINE
    heard = Command()
    assert hear_into(heard, subject, '{"state":"OFF"}') == light.SHINE
    subject.took(heard, 99)
    assert subject.gate.decisions[-1][4] == 0


def test_version_that_cannot_rise_breaks_the_light() -> None:
    subject = new()
    subject.seq = MAX_SMALL
    with pytest.raises(OverflowError):
        subject.on_event(BUTTON, Command(), 1)


def test_count_of_answers_that_cannot_rise_breaks_the_light() -> None:
    subject = new()
    subject.gate.decided = MAX_SMALL
    with pytest.raises(OverflowError):
        hear(subject, Press(1, 1, until=9).payload)


def test_cause_goes_with_the_version_and_a_press_that_changes_nothing_is_none() -> None:
    subject = new()
    assert (subject.changed_by, subject.changed_at) == ("start", 0)
    hear(subject, Press(1, 1, until=9).payload)
    assert (subject.changed_by, subject.changed_at) == ("press", 1)
    assert (subject.origin, subject.number) == (f"{1:016x}", 1)
    for nothing_new in (Press(2, 1, until=9).payload, Press(1, 1, until=9).payload, '{"state":"ON"}', "{"):
        hear(subject, nothing_new)
        assert (subject.changed_by, subject.origin, subject.number) == ("press", f"{1:016x}", 1)
    heard = Command()
    hear_into(heard, subject, Press(3, 1, until=9).payload)
    subject.on_event(BUTTON, heard, 5)
    assert (subject.changed_by, subject.changed_at) == ("button", 5)
    hear(subject, '{"state":"ON","brightness":3}')
    assert subject.changed_by == "command"
