from presslight.cloud.core.display import PACE_NS, Display
from presslight.cloud.core.lights import Lights
from tests.cloud.ports import ASKS_AS, MS, Broadcaster, S, nobody, report

NOW = 5 * S


class Room:
    """A display of two lights."""

    def __init__(self) -> None:
        self.house = Lights(nobody, ASKS_AS)
        self.broadcaster = Broadcaster()
        self.alarms: list[int] = []
        self.display = Display(self.house, self.broadcaster, self.alarms.append)
        for name in ("kitchen", "hall"):
            self.house.on_report(name, report(), NOW, live=True)

    def change(self, seq: int, now: int, name: str = "kitchen") -> None:
        self.house.on_report(name, report(version=(1, seq), brightness=seq), now, live=True)
        self.display.show_light(name, now)

    @property
    def shown(self) -> list[tuple[str, int]]:
        return [(frame.light.id, frame.light.version[1]) for frame in self.broadcaster.lights]


def test_first_change_is_shown_at_once() -> None:
    room = Room()
    room.change(1, NOW)
    assert room.shown == [("kitchen", 1)]
    assert (room.alarms, room.display.next_at) == ([], None)


def test_changes_within_the_pace_wait_and_only_the_newest_is_shown() -> None:
    room = Room()
    for number in range(1, 40):
        room.change(number, NOW + number * MS)
    assert room.shown == [("kitchen", 1)]
    due = NOW + 1 * MS + PACE_NS
    assert (room.alarms, room.display.next_at) == ([due], due)
    room.display.on_time(due - 1)
    assert room.shown == [("kitchen", 1)]
    room.display.on_time(due)
    assert room.shown == [("kitchen", 1), ("kitchen", 39)]
    assert room.display.next_at is None


def test_lights_have_a_pace_each() -> None:
    room = Room()
    room.change(1, NOW)
    room.change(1, NOW + MS, "hall")
    room.change(2, NOW + 2 * MS)
    assert room.shown == [("kitchen", 1), ("hall", 1)]
    room.display.on_time(NOW + PACE_NS)
    assert room.shown[2:] == [("kitchen", 2)]


def test_light_that_was_held_back_waits_its_pace_again() -> None:
    room = Room()
    room.change(1, NOW)
    room.change(2, NOW + MS)
    room.display.on_time(NOW + PACE_NS)
    room.change(3, NOW + PACE_NS + MS)
    assert len(room.shown) == 2
    assert room.display.next_at == NOW + 2 * PACE_NS
    room.change(4, NOW + 3 * PACE_NS)  # the alarm is late: the newest all the same, and once
    room.display.on_time(NOW + 3 * PACE_NS)
    assert room.shown == [("kitchen", 1), ("kitchen", 2), ("kitchen", 4)]


def test_frame_says_what_is_true_when_it_leaves() -> None:
    room = Room()
    room.change(1, NOW)
    room.change(2, NOW + MS)
    room.display.on_time(NOW + PACE_NS)
    light = room.broadcaster.lights[-1].light
    assert (light.brightness, light.age_ms) == (2, (PACE_NS - MS) // MS)
