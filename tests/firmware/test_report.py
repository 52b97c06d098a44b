"""What a light says of itself is valid for the contract, on both interpreters, and never longer than its page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import topics
from contract.mqtt import MAX_OUTCOMES, MAX_REPORT_BYTES, Discovery, Report, decode_report
from contract.words import MAX_SMALL, MAX_UP_MS
from lamp import VERSION, report
from lamp.gate import MEMORY, OUTCOMES
from lamp.light import Light
from lamp.outbox import Outbox
from tests.firmware.conftest import Both
from tests.firmware.on_micropython.scenarios import BOOT, EPOCH
from tests.firmware.presses import Press

PAGE = 4_096
LONGEST_NAME = "n" * 32
lines = st.lists(
    st.builds(
        lambda origin, number, until, state, brightness: [5, Press(origin, number, until, state, brightness).payload],
        st.integers(0, 2**64 - 1) | st.integers(0, 2),
        st.integers(1, MAX_SMALL) | st.integers(1, 20),
        st.integers(0, 20),
        st.sampled_from(["ON", "OFF"]),
        st.none() | st.integers(1, 255),
    )
    | st.sampled_from(["button", [5, "{"], [5, '{"state":"DIM"}'], [5, " " * 1_025]]),
    max_size=20,
)


def page_of(light: Light, up: int, heap: int, told: int) -> bytes:
    page = Outbox(PAGE)
    report.write_report(page, light, up, heap, told)
    return bytes(page.waiting())


def longest_light() -> Light:
    """The light with the most to say: every number at its limit."""
    light = Light("f" * 8, MAX_SMALL, False, 255)
    light.seq = light.gate.decided = MAX_SMALL
    light.dropped = [MAX_SMALL] * 4
    for answer in light.gate.decisions:
        answer.origin, answer.number, answer.seq, answer.us = "f" * 16, MAX_SMALL, MAX_SMALL, MAX_SMALL
        answer.outcome = OUTCOMES.index(max(OUTCOMES, key=len))
    return light


def test_report_of_a_new_light_says_all_that_it_knows(both: Both) -> None:
    said = decode_report(both("reports", ["button"])[0].encode())
    assert said == Report(
        state="ON", brightness=255, boot=BOOT, up=5, version=(EPOCH, 1), heap=6, traits=said.traits, fw=VERSION
    )


def test_report_tells_each_answer_in_its_place(both: Both) -> None:
    good, late = Press(0xA, 1, until=9, brightness=3), Press(0xB, 2, until=4)
    said = decode_report(both("reports", [[5, good.payload], [5, late.payload]])[-1].encode())
    assert (said.state, said.brightness, said.version, said.decided) == ("ON", 3, (EPOCH, 1), 2)
    assert [each.model_dump() for each in said.outcomes] == [
        {"key": good.key, "outcome": "applied", "version": (EPOCH, 1), "us": 7},
        {"key": late.key, "outcome": "late", "version": (EPOCH, 1), "us": 0},
    ]


def test_report_counts_what_was_dropped_by_its_cause(both: Both) -> None:
    steps = [[5, "{"], [5, '{"state":"DIM"}'], [5, '{"state":1}'], *[[5, " " * 1_025]] * 3]
    said = decode_report(both("reports", steps)[-1].encode())
    assert said.dropped.model_dump() == {"retained": 0, "malformed": 1, "invalid": 2, "too_large": 3}


@given(lines)
def test_report_after_anything_is_valid_for_the_contract(both: Both, steps: list[object]) -> None:
    for seen, text in zip(both("lamp", steps), both("reports", steps), strict=True):
        said = decode_report(text.encode())
        _, is_on, brightness, seq, decided, answers = seen
        assert (said.state == "ON", said.brightness, said.version, said.decided) == (
            is_on,
            brightness,
            (EPOCH, seq),
            decided,
        )
        assert [[each.key, each.outcome, each.version[1]] for each in said.outcomes] == answers


def test_longest_report_fits_its_page_and_the_contract() -> None:
    text = page_of(longest_light(), MAX_UP_MS, MAX_SMALL, 0)
    assert len(text) <= report.MAX_BYTES <= MAX_REPORT_BYTES
    said = decode_report(text)
    assert len(said.outcomes) == MEMORY == MAX_OUTCOMES


@pytest.mark.parametrize("untold", [0, 1, report.USUAL_OUTCOMES, report.USUAL_OUTCOMES + 1, MEMORY, MEMORY + 1, 99])
def test_report_brings_the_usual_answers_or_all_that_no_report_has_told(untold: int) -> None:
    light = longest_light()
    for number, answer in enumerate(light.gate.decisions, start=1):
        answer.number = number
    said = decode_report(page_of(light, 0, 0, light.gate.decided - untold))
    count = min(MEMORY, max(report.USUAL_OUTCOMES, untold))
    assert [int(each.key.split("-")[1]) for each in said.outcomes] == [*range(MEMORY - count + 1, MEMORY + 1)]


@pytest.mark.parametrize("name", ["l", "lamp-0_a", LONGEST_NAME])
def test_discovery_is_valid_for_the_contract_and_names_the_lights_own_topics(both: Both, name: str) -> None:
    [text] = both("discoveries", [name])
    said = Discovery.model_validate_json(text)
    assert list(said.cmps) == [name]
    assert said.cmd_t == topics.SET.format(light=name)
    assert said.stat_t == topics.STATE.format(light=name)
    assert said.avty_t == topics.AVAILABILITY.format(light=name)
    assert len(text) <= report.MAX_DISCOVERY_BYTES
    assert said.dev.sw == said.o.sw == VERSION


def test_discovery_of_another_light_has_ids_of_its_own(both: Both) -> None:
    one, two = (Discovery.model_validate_json(text) for text in both("discoveries", ["one", "two"]))
    assert one.dev.ids != two.dev.ids
    assert one.cmps["one"].uniq_id != two.cmps["two"].uniq_id
