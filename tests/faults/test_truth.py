"""The judge bites: each kind of wrong, fed by hand, is found, and nothing is found in a history that is right."""

import pytest

from lamp import output
from presslight.mobile_sim.events import PhoneStatus
from presslight.simulated.light_output import LightOutput
from tests.faults.truth import STALE_US, TOLERANCE_US, History, Kind, brightness_of, judge

PATIENCE_MS = 1_000
LATEST_US = PATIENCE_MS * 1_000 + TOLERANCE_US


class Story:
    """A history told by hand: one light that has just booted dark, fingers at the given µs."""

    def __init__(self) -> None:
        self.history = History()
        self.boot(1)

    def boot(self, us: int) -> None:
        self.history.traces["kitchen"].see(LightOutput())
        self.history.traces["kitchen"].see(LightOutput(us=us))

    def press(self, brightness: int, us: int, *words: tuple[PhoneStatus, int], phone: str = "ann") -> None:
        press = self.history.press(phone, "kitchen", brightness, us, PATIENCE_MS)
        for status, at in words:
            press.hear(status, at)

    def acts(self, brightness: int, us: int) -> None:
        self.history.traces["kitchen"].see(LightOutput(duty=output.duty(True, brightness), us=us))

    def wrongs(self) -> list[Kind]:
        return [wrong.kind for wrong in judge(self.history)]


@pytest.fixture
def story() -> Story:
    return Story()


def test_right_history_passes(story: Story) -> None:
    for number in range(1, 200):
        at = number * 10_000
        story.press(number, at, (PhoneStatus.PENDING, at), (PhoneStatus.APPLIED, at + 3_000))
        story.acts(number, at + 1_000)
    story.press(200, 5_000_000, (PhoneStatus.UNCONFIRMED, 6_100_000), (PhoneStatus.NOT_APPLIED, 6_200_000))
    assert story.wrongs() == []


def test_press_that_acts_twice_is_found(story: Story) -> None:
    story.press(10, 100, (PhoneStatus.APPLIED, 300))
    story.acts(10, 200)
    story.press(20, 400, (PhoneStatus.APPLIED, 600))
    story.acts(20, 500)
    story.acts(10, 700)
    assert Kind.DOUBLE in story.wrongs()


def test_late_press_is_found(story: Story) -> None:
    story.press(10, 0, (PhoneStatus.APPLIED, 9_000_000))
    story.acts(10, LATEST_US)
    assert story.wrongs() == []
    story.press(20, 0, (PhoneStatus.APPLIED, 9_000_000))
    story.acts(20, LATEST_US + 1)
    assert story.wrongs() == [Kind.LATE]


def test_older_press_after_a_newer_one_is_found(story: Story) -> None:
    story.press(10, 100, (PhoneStatus.APPLIED, 600))
    story.press(20, 200, (PhoneStatus.APPLIED, 600))
    story.acts(20, 300)
    story.acts(10, 400)
    assert story.wrongs() == [Kind.DISORDER]


def test_presses_of_two_phones_may_land_in_any_order(story: Story) -> None:
    story.press(10, 100, (PhoneStatus.APPLIED, 600))
    story.press(20, 200, (PhoneStatus.APPLIED, 600), phone="bob")
    story.acts(20, 300)
    story.acts(10, 400)
    assert story.wrongs() == []


def test_done_without_an_act_is_found(story: Story) -> None:
    story.press(10, 100, (PhoneStatus.APPLIED, 300))
    assert story.wrongs() == [Kind.FALSE]


def test_done_before_the_act_is_found(story: Story) -> None:
    story.press(10, 100, (PhoneStatus.APPLIED, 300))
    story.acts(10, 301)
    assert story.wrongs() == [Kind.FALSE]


@pytest.mark.parametrize(
    "status",
    [PhoneStatus.REFUSED, PhoneStatus.OFFLINE, PhoneStatus.NOT_APPLIED, PhoneStatus.NOT_SENT, PhoneStatus.REJECTED],
    ids=lambda status: status,
)
def test_did_not_happen_of_a_press_that_acted_is_found(story: Story, status: PhoneStatus) -> None:
    story.press(10, 100, (status, 300))
    story.acts(10, 400)
    assert story.wrongs() == [Kind.FALSE]


def test_act_after_it_was_said_to_be_too_late_is_found(story: Story) -> None:
    story.press(10, 0, (PhoneStatus.UNCONFIRMED, 900_000), (PhoneStatus.APPLIED, 2_000_000))
    story.acts(10, 900_001)
    assert story.wrongs() == [Kind.FALSE]


def test_press_without_a_last_word_is_found(story: Story) -> None:
    story.press(10, 100, (PhoneStatus.UNCONFIRMED, 2_000_000))
    assert story.wrongs() == [Kind.UNTOLD]


def test_press_lost_with_its_phone_is_owed_no_word(story: Story) -> None:
    story.press(10, 100, (PhoneStatus.PENDING, 101))
    story.history.presses[0].is_lost = True
    assert story.wrongs() == []


def test_change_that_nobody_wished_is_found(story: Story) -> None:
    story.press(10, 100, (PhoneStatus.NOT_APPLIED, 300))
    story.acts(20, 200)
    assert story.wrongs() == [Kind.STRANGE]


def test_lost_in_reboot_needs_a_reboot(story: Story) -> None:
    story.press(10, STALE_US, (PhoneStatus.LOST_IN_REBOOT, STALE_US + 9))
    assert story.wrongs() == [Kind.FALSE]
    story.boot(STALE_US + 8)
    assert story.wrongs() == []


def test_forgotten_needs_a_window_that_went_past(story: Story) -> None:
    story.press(10, 100, (PhoneStatus.FORGOTTEN, 300))
    assert story.wrongs() == [Kind.FALSE]
    for number in range(30):
        story.press(20 + number, 400, (PhoneStatus.NOT_APPLIED, 500))
    assert story.wrongs() == []


def test_unknown_needs_a_phone_that_was_turned_away(story: Story) -> None:
    story.press(10, 100, (PhoneStatus.UNKNOWN, 300))
    assert story.wrongs() == [Kind.FALSE]
    story.history.revoked.add("ann")
    assert story.wrongs() == []


def test_what_a_light_shows_at_its_boot_is_no_act(story: Story) -> None:
    story.press(10, 100, (PhoneStatus.APPLIED, 300))
    story.acts(10, 200)
    story.history.traces["kitchen"].see(LightOutput())
    story.acts(10, 900)
    assert story.wrongs() == []
    assert story.history.traces["kitchen"].boots == [1, 900]


def test_every_brightness_is_told_from_its_duty() -> None:
    assert [brightness_of(output.duty(True, brightness)) for brightness in range(1, 256)] == list(range(1, 256))
    assert brightness_of(0) == 0
