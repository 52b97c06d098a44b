import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.mqtt.inbox import Inbox
from presslight.cloud.mqtt.muting import BURST, FIRST_MUTE_NS, Muting
from presslight.contract.mqtt import MAX_REPORT_BYTES
from tests.cloud.ports import Harness, key, report

STATE = "presslight/light/kitchen/state"
AVAILABILITY = "presslight/light/kitchen/availability"
GOOD = report((key(), "applied")).model_dump_json().encode()


class Counts:
    def __init__(self) -> None:
        self.causes: list[str] = []

    def bad_message(self, topic: str, cause: str, detail: str) -> None:
        self.causes.append(cause)


class Room:
    def __init__(self, *, with_light: bool = False) -> None:
        self.harness = Harness(with_light=with_light)
        self.counts = Counts()
        self.muting = Muting()
        self.inbox = Inbox(self.harness.presses, self.counts, self.muting)

    def take(self, topic: str, payload: bytes, *, retained: bool = False) -> list[str]:
        self.inbox.receive(topic, payload, self.harness.now, retained=retained)
        return self.counts.causes


@pytest.fixture
def room() -> Room:
    return Room()


def test_report_and_availability_reach_the_house(room: Room) -> None:
    def is_so() -> tuple[bool, bool]:
        light = room.harness.presses.lights.by_name["kitchen"]
        return light.online, light.live

    assert room.take(STATE, GOOD, retained=True) == []
    assert is_so() == (False, False)
    assert room.take(AVAILABILITY, b"online", retained=True) == []
    assert is_so() == (True, False)
    room.take(STATE, GOOD)
    assert is_so() == (True, True)


def test_light_of_a_newer_firmware_is_shown_with_what_is_known_of_it(room: Room) -> None:
    newer = {
        "traits": ["brightness", "color"],
        "color_mode": "xy",
        "color": {"x": 0.32, "y": 0.34},
        "cause": {"by": "schedule", "up": 900},
        "date": "gps",
    }
    assert room.take(STATE, json.dumps(json.loads(GOOD) | newer).encode()) == []
    view = room.harness.broadcaster.lights[-1].light
    assert (view.state, view.brightness, view.traits) == ("ON", 200, ("brightness", "color"))
    assert view.change is not None
    assert view.change.by == "schedule"


@pytest.mark.parametrize(
    ("topic", "payload", "cause"),
    [
        (STATE, b"garbage", "malformed"),
        (STATE, b"\x00\xff\xfe", "malformed"),
        (STATE, GOOD[: len(GOOD) // 2], "malformed"),
        (STATE, b"[" * 1_000, "malformed"),
        (STATE, GOOD + b" " * MAX_REPORT_BYTES, "too_large"),
        (STATE, b"x" * 1_000_000, "too_large"),
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
    assert room.harness.presses.lights.by_name == {}
    assert room.take(STATE, GOOD) == [cause]
    assert list(room.harness.presses.lights.by_name) == ["kitchen"]


@given(st.binary(max_size=300), st.sampled_from([STATE, AVAILABILITY]), st.booleans())
def test_no_payload_harms_the_house(payload: bytes, topic: str, retained: bool) -> None:
    room = Room(with_light=True)
    watcher = room.harness.ask()
    room.take(topic, payload, retained=retained)
    room.take(STATE, GOOD)
    assert watcher.words == ["accepted", "applied"]


def flood(room: Room, topic: str = STATE, payload: bytes = GOOD) -> None:
    """Receive one message more than a light may send."""
    for _ in range(BURST + 1):
        room.take(topic, payload)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [(STATE, GOOD), (STATE, b"garbage"), (STATE, b""), (AVAILABILITY, b"offline"), (AVAILABILITY, b"")],
)
def test_light_that_sends_too_much_is_muted_whatever_it_sends(topic: str, payload: bytes) -> None:
    room = Room(with_light=True)
    flood(room, topic, payload)
    assert room.counts.causes[-1] == "rate"
    assert room.muting.muted == {"kitchen"}
    assert room.harness.publisher.reconnects == 1
    light = room.harness.presses.lights.by_name.get("kitchen")
    assert light is None or not light.online


def test_muted_light_is_offline_to_phones_and_nothing_is_taken_of_it() -> None:
    room = Room(with_light=True)
    flood(room)
    room.harness.later(100)
    assert [told.light.online for told in room.harness.broadcaster.lights][-1] is False
    assert room.harness.ask(2).last == "offline light_offline"
    newest = report().model_copy(update={"up": 9_000}).model_dump_json().encode()
    for retained in (True, False):
        room.take(STATE, newest, retained=retained)
        room.take(AVAILABILITY, b"online", retained=retained)
    light = room.harness.presses.lights.by_name["kitchen"]
    assert (light.online, light.report.up) == (False, 1_000)
    assert room.counts.causes == ["rate"]


def test_light_whose_time_is_over_is_what_the_broker_keeps_of_it() -> None:
    room = Room(with_light=True)
    flood(room)
    assert room.muting.topics(room.harness.presses.lights.names()) == ()
    room.harness.now += FIRST_MUTE_NS
    room.muting.end_mutes(room.harness.now)
    room.take(STATE, GOOD, retained=True)
    room.take(AVAILABILITY, b"online", retained=True)
    assert room.harness.presses.lights.by_name["kitchen"].online


def test_flood_of_one_light_is_nothing_to_another(room: Room) -> None:
    flood(room)
    room.take(STATE.replace("kitchen", "hall"), GOOD)
    assert room.harness.presses.lights.by_name["hall"].online
    assert room.counts.causes == ["rate"]


def test_what_the_broker_kept_is_no_flood(room: Room) -> None:
    for _ in range(BURST + 1):
        room.take(STATE, GOOD, retained=True)
    assert room.counts.causes == []
