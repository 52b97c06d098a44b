import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.inbox import REPORTS_PER_S, Inbox
from contract.mqtt import MAX_REPORT_BYTES, Report
from tests.cloud.ports import Office, S, key, report

STATE = "presslight/light/kitchen/state"
AVAILABILITY = "presslight/light/kitchen/availability"
GOOD = report((key(), "applied")).model_dump_json().encode()


class Counts:
    def __init__(self) -> None:
        self.causes: list[str] = []

    def bad_message(self, topic: str, cause: str, detail: str) -> None:
        self.causes.append(cause)


class Room:
    def __init__(self, *, furnished: bool = False) -> None:
        self.office = Office(furnished=furnished)
        self.counts = Counts()
        self.inbox = Inbox(self.office.desk, self.counts)

    def take(self, topic: str, payload: bytes, *, retained: bool = False) -> list[str]:
        self.inbox.take(topic, payload, self.office.now, retained=retained)
        return self.counts.causes


@pytest.fixture
def room() -> Room:
    return Room()


def test_report_and_availability_reach_the_house(room: Room) -> None:
    def is_so() -> tuple[bool, bool]:
        light = room.office.desk.house.lights["kitchen"]
        return light.online, light.live

    assert room.take(STATE, GOOD, retained=True) == []
    assert is_so() == (False, False)
    assert room.take(AVAILABILITY, b"online", retained=True) == []
    assert is_so() == (True, False)
    room.take(STATE, GOOD)
    assert is_so() == (True, True)


@pytest.mark.parametrize(
    ("topic", "payload", "cause"),
    [
        (STATE, b"garbage", "malformed"),
        (STATE, b"\x00\xff\xfe", "malformed"),
        (STATE, GOOD[: len(GOOD) // 2], "malformed"),
        (STATE, b"[" * 1_000, "malformed"),
        (STATE, GOOD + b" " * MAX_REPORT_BYTES, "too_large"),
        (STATE, b"x" * 10_000_000, "too_large"),
        (STATE, b"", "emptied"),
        (STATE, b"[]", "invalid"),
        (STATE, b"{}", "invalid"),
        (STATE, json.dumps(json.loads(GOOD) | {"up": -1}).encode(), "invalid"),
        (STATE, json.dumps(json.loads(GOOD) | {"up": 10**14}).encode(), "invalid"),
        (STATE, json.dumps(json.loads(GOOD) | {"brightness": 256}).encode(), "invalid"),
        (STATE, json.dumps(json.loads(GOOD) | {"version": [1]}).encode(), "invalid"),
        (STATE, json.dumps(json.loads(GOOD) | {"boot": "x"}).encode(), "invalid"),
        (AVAILABILITY, b"maybe", "invalid"),
        (AVAILABILITY, b"ONLINE", "invalid"),
        (AVAILABILITY, b"", "emptied"),
        ("presslight/light/UPPER/state", GOOD, "topic"),
        ("presslight/light/bridge/state", GOOD, "topic"),
        ("presslight/light//state", GOOD, "topic"),
        ("presslight/light/kitchen/set", GOOD, "topic"),
        ("something/else", GOOD, "topic"),
        ("", GOOD, "topic"),
    ],
)
def test_bad_message_is_counted_by_cause_and_changes_nothing(
    room: Room, topic: str, payload: bytes, cause: str
) -> None:
    assert room.take(topic, payload) == [cause]
    assert room.office.desk.house.lights == {}
    assert room.take(STATE, GOOD) == [cause]
    assert list(room.office.desk.house.lights) == ["kitchen"]


@given(st.binary(max_size=300), st.sampled_from([STATE, AVAILABILITY]), st.booleans())
def test_no_payload_harms_the_house(payload: bytes, topic: str, retained: bool) -> None:
    room = Room(furnished=True)
    watcher = room.office.ask()
    room.take(topic, payload, retained=retained)
    room.take(STATE, GOOD)
    assert watcher.words == ["accepted", "applied"]


def flooded(room: Room) -> Report:
    """One report more than is read; it is the newest."""
    for _ in range(REPORTS_PER_S):
        room.take(STATE, GOOD)
    known = report((key(), "applied"))
    newest = known.model_copy(update={"up": known.up + 5})
    room.take(STATE, newest.model_dump_json().encode())
    assert room.counts.causes == ["rate"]
    return newest


def test_of_reports_over_the_rate_the_newest_is_read_when_there_is_time(room: Room) -> None:
    newest = flooded(room)
    lights = room.office.desk.house.lights
    assert lights["kitchen"].report.up < newest.up
    room.inbox.catch_up(room.office.now)
    assert lights["kitchen"].report.up == newest.up
    assert room.inbox.passed_over == {}


def test_report_in_time_is_newer_than_what_was_passed_over(room: Room) -> None:
    flooded(room)
    room.office.now += S
    room.take(STATE, GOOD)
    assert room.inbox.passed_over == {}


def test_light_that_is_emptied_does_not_come_back_by_what_was_passed_over(room: Room) -> None:
    flooded(room)
    room.take(STATE, b"")
    room.inbox.catch_up(room.office.now)
    assert room.office.desk.house.lights == {}


def test_flood_of_one_light_is_nothing_to_another(room: Room) -> None:
    flooded(room)
    room.take(STATE.replace("kitchen", "hall"), GOOD)
    assert room.counts.causes == ["rate"]
