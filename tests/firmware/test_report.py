import json

from hypothesis import given
from hypothesis import strategies as st

from lamp import VERSION
from lamp.gate import APPLIED, MEMORY, OUTCOMES
from lamp.light import Light
from lamp.packet import Outbox
from lamp.report import MAX_BYTES, USUAL_OUTCOMES, write_report
from presslight.contract.mqtt import Discovery, Report, decode_report
from presslight.contract.topics import AVAILABILITY, SET, STATE
from presslight.contract.words import MAX_SMALL, MAX_UP_MS
from tests.contract import strategies
from tests.firmware.conftest import Both
from tests.firmware.on_micropython.scenarios import BOOT, EPOCH
from tests.firmware.presses import Press


def report_of(
    subject: Light, up: int = 5, heap: int = 6, told: int = 0, origin: str = "", *, is_degraded: bool = False
) -> bytes:
    page = Outbox(2_048)
    subject.gate.told = told
    write_report(page, subject, up, heap, origin, is_degraded)
    return bytes(page.waiting())


def test_report_says_all_that_the_contract_has(both: Both) -> None:
    [*_, text] = both(
        "reports", [[1, Press(0xA, 1, until=9, brightness=128).payload], [1, "{"], [1, '{"state":0}'], "button"]
    )
    assert json.loads(text) == {
        "state": "OFF",
        "brightness": 128,
        "color_mode": "brightness",
        "v": 1,
        "boot": BOOT,
        "up": 5,
        "version": [EPOCH, 2],
        "cause": {"by": "button", "up": 3},
        "decided": 1,
        "outcomes": [{"key": "000000000000000a-1", "outcome": "applied", "version": [EPOCH, 1], "us": 7}],
        "traits": ["brightness"],
        "heap": 6,
        "dropped": {"retained": 0, "malformed": 1, "invalid": 1, "too_large": 0},
        "fw": VERSION,
    }
    assert json.loads(text).keys() == Report.model_fields.keys() - {"date", "degraded"}


def test_report_says_what_brought_the_light_to_its_version(both: Both) -> None:
    press, same = (Press(0xA, number, until=99, brightness=8).payload for number in (1, 2))
    steps = [[1, '{"state":"OFF"}'], [2, press], [3, same], [4, '{"state":"ON"}'], [5, '{"state":"OFF"}'], "button"]
    by_press = {"by": "press", "key": "000000000000000a-1", "up": 2}
    assert [json.loads(text)["cause"] for text in both("reports", steps)] == [
        {"by": "start", "up": 0},  # off it was
        by_press,
        by_press,  # the second press was applied, and changed nothing
        by_press,
        {"by": "command", "up": 5},
        {"by": "button", "up": 3},
    ]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40), st.integers(0, 50)), max_size=12))
def test_report_of_any_light_is_of_the_contract(both: Both, presses: list[tuple[int, int, int]]) -> None:
    steps = [[20, Press(origin, number, until).payload] for origin, number, until in presses]
    for text in both("reports", [*steps, "button"]):
        decode_report(text.encode())


def test_largest_report_fits_its_room() -> None:
    subject = Light("ffffffff", MAX_SMALL, (False, 255))
    subject.seq = subject.number = MAX_SMALL
    subject.changed_by, subject.changed_at, subject.origin = "press", MAX_UP_MS, "f" * 16
    subject.gate.decided = MAX_SMALL
    subject.dropped = [MAX_SMALL] * 4
    longest = OUTCOMES.index(max(OUTCOMES, key=len))
    subject.gate.decisions = [("f" * 16, MAX_SMALL, longest, MAX_SMALL, MAX_SMALL)] * MEMORY
    largest = report_of(subject, MAX_UP_MS, MAX_SMALL, origin="network", is_degraded=True)
    assert MAX_BYTES - 64 < len(largest) <= MAX_BYTES
    assert decode_report(largest).decided == MAX_SMALL


def test_report_says_where_the_date_is_from() -> None:
    for origin in ("flashed", "kept", "network"):
        assert decode_report(report_of(Light(BOOT, EPOCH, (False, 255)), origin=origin)).date == origin


def test_report_says_that_the_flash_is_degraded() -> None:
    light = Light(BOOT, EPOCH, (False, 255))
    assert decode_report(report_of(light)).degraded == ""
    assert decode_report(report_of(light, is_degraded=True)).degraded == "flash"


def answered(count: int) -> Light:
    subject = Light(BOOT, EPOCH, (False, 255))
    for number in range(1, count + 1):
        subject.gate.decisions = [*subject.gate.decisions, ("a" * 16, number, APPLIED, 0, 0)][-MEMORY:]
    subject.gate.decided = count
    return subject


def numbers(report: bytes) -> list[str]:
    return [outcome.key.rpartition("-")[2] for outcome in decode_report(report).outcomes]


def test_report_brings_the_usual_outcomes_the_newest_last() -> None:
    assert numbers(report_of(answered(6), told=6)) == ["3", "4", "5", "6"][-USUAL_OUTCOMES:]


def test_report_after_a_jam_brings_all_that_were_not_told() -> None:
    assert numbers(report_of(answered(20), told=14)) == ["15", "16", "17", "18", "19", "20"]


def test_report_tells_all_answers_once_and_later_only_the_usual_ones() -> None:
    subject = answered(7)
    assert len(numbers(report_of(subject, told=0))) == 7
    assert subject.gate.told == 7


def test_report_on_a_new_connection_brings_all_that_are_remembered() -> None:
    assert numbers(report_of(answered(20), told=0)) == [str(n) for n in range(20 - MEMORY + 1, 21)]


CHIP = "a0b1c2d3e4f5"


@given(strategies.lights)
def test_discovery_is_of_the_contract_and_names_our_topics(both: Both, name: str) -> None:
    [text] = both("discoveries", [[name, CHIP]])
    message = Discovery.model_validate_json(text)
    assert (message.cmd_t, message.stat_t) == (SET.format(light=name), STATE.format(light=name))
    assert message.avty_t == AVAILABILITY.format(light=name)
    assert list(message.cmps) == [name]
    assert message.dev.sw == message.o.sw == VERSION
    assert message.qos == 0  # with 1 its commands wait up to 40 ms behind its own acknowledgements


def test_discovery_names_the_device_by_its_chip_whatever_the_light_is_called(both: Both) -> None:
    for text in both("discoveries", [["kitchen", CHIP], ["hall", CHIP]]):
        message = Discovery.model_validate_json(text)
        assert message.dev.ids == (f"presslight-{CHIP}",)
        assert [each.uniq_id for each in message.cmps.values()] == [f"presslight-{CHIP}"]


def test_discovery_offers_nothing_that_the_light_cannot_do(both: Both) -> None:
    [text] = both("discoveries", [["kitchen", CHIP]])
    [component] = json.loads(text)["cmps"].values()
    assert (component["flash"], component["transition"]) == (False, False)


def test_discovery_of_the_longest_name_fits_its_room(both: Both) -> None:
    assert len(both("discoveries", [["n" * 32, CHIP]])[0]) <= MAX_BYTES
