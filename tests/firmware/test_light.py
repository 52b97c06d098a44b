import pytest

from lamp import command, light
from lamp.command import MAX_SMALL, Command
from lamp.light import RETAINED, Light
from tests.firmware.conftest import Both
from tests.firmware.presses import Press, Seen


def new() -> Light:
    return Light("b007b007", 3, False, 255)


def hear(subject: Light, payload: str, is_retained: bool = False) -> int:
    heard = Command()
    verdict = heard.read(memoryview(payload.encode()), 0, len(payload))
    act: int = subject.hear(verdict, heard, is_retained, 1)
    return act


def test_button_turns_the_light_as_it_was_on_and_off(both: Both) -> None:
    steps = ['{"state":"OFF","brightness":9}', "button", "button"]
    off, on, again = (Seen(*each) for each in both("lamp", [[1, steps[0]], *steps[1:]]))
    assert [(each.is_on, each.brightness, each.seq) for each in (off, on, again)] == [
        (False, 9, 1),
        (True, 9, 2),
        (False, 9, 3),
    ]


def test_duty_follows_state_and_brightness() -> None:
    subject = new()
    assert subject.duty == 0
    hear(subject, '{"state":"ON"}')
    assert subject.duty == 65_535
    hear(subject, '{"state":"ON","brightness":1}')
    assert 0 < subject.duty < 100


def test_dropped_messages_are_counted_by_cause() -> None:
    subject = new()
    for payload in ("{", "[]", '{"state":"GLOW"}', "x" * 1025):
        assert hear(subject, payload) == light.NOTHING
    assert hear(subject, '{"state":"ON"}', True) == light.NOTHING
    assert not subject.is_on
    assert subject.dropped[RETAINED] == 1
    assert subject.dropped[command.MALFORMED] == 2
    assert subject.dropped[command.INVALID] == 1
    assert subject.dropped[command.TOO_LARGE] == 1


def test_count_of_dropped_messages_stops_at_its_largest() -> None:
    subject = new()
    subject.dropped[RETAINED] = MAX_SMALL
    subject.drop(RETAINED)
    assert subject.dropped[RETAINED] == MAX_SMALL


def test_time_to_the_output_is_noted_with_the_key_that_acted() -> None:
    subject = new()
    heard = Command()
    payload = Press(1, 1, until=9).payload.encode()
    assert subject.hear(heard.read(memoryview(payload), 0, len(payload)), heard, False, 1) == light.SHINE
    subject.took(heard, 350)
    assert subject.gate.decisions[-1].us == 350
    subject.took(heard, 2**31)
    assert subject.gate.decisions[-1].us == MAX_SMALL


def test_message_without_key_leaves_the_time_of_the_last_key() -> None:
    subject = new()
    assert hear(subject, Press(1, 1, until=9).payload) == light.SHINE
    heard = Command()
    payload = b'{"state":"OFF"}'
    subject.hear(heard.read(memoryview(payload), 0, len(payload)), heard, False, 1)
    subject.took(heard, 99)
    assert subject.gate.decisions[-1].us == 0


def test_version_that_cannot_rise_breaks_the_light() -> None:
    subject = new()
    subject.seq = MAX_SMALL
    with pytest.raises(OverflowError):
        subject.toggle()


def test_count_of_answers_that_cannot_rise_breaks_the_light() -> None:
    subject = new()
    subject.gate.decided = MAX_SMALL
    with pytest.raises(OverflowError):
        hear(subject, Press(1, 1, until=9).payload)
