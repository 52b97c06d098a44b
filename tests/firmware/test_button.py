import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamp.button import SETTLE_MS, Button
from tests.firmware.conftest import Both

PERIOD = 1 << 30


def test_button_is_the_same_on_both_interpreters(both: Both) -> None:
    steps = [[True, 100], [False, 101], [True, 102], [True, 130], [False, 500], [False, 530], [True, 900]]
    seen = both("button", steps)
    assert [is_press for is_press, _, _ in seen] == [True, False, False, False, False, False, True]
    assert [is_settled for _, is_settled, _ in seen] == [False, False, False, True, False, True, False]


def test_press_counts_at_its_first_touch() -> None:
    assert Button(False).sample(True, 0)


def test_release_is_no_press() -> None:
    button = Button(False)
    button.sample(True, 0)
    assert not button.sample(False, 1000)


def test_button_held_down_at_boot_is_no_press() -> None:
    button = Button(True)
    assert not button.sample(True, 0)
    assert not button.sample(False, 100)
    assert button.sample(True, 200)


def test_release_within_the_bouncing_is_seen_when_it_has_settled() -> None:
    button = Button(False)
    button.sample(True, 0)
    assert not button.sample(False, 10)
    assert button.settles_in(10) == SETTLE_MS - 10
    assert not button.sample(False, SETTLE_MS)
    assert not button.sample(False, 2 * SETTLE_MS)
    assert button.is_settled()
    assert button.sample(True, 2 * SETTLE_MS + 1)


@pytest.mark.parametrize("pause", [PERIOD // 2 - 1, PERIOD // 2, PERIOD // 2 + 1, PERIOD - 1])
def test_press_after_any_pause_counts(pause: int) -> None:
    button = Button(False)
    button.sample(True, 5)
    button.sample(True, 5 + SETTLE_MS)
    button.sample(False, 200)
    button.sample(False, 200 + SETTLE_MS)
    assert button.sample(True, (300 + pause) % PERIOD)


@given(
    start=st.integers(0, PERIOD - 1),
    presses=st.lists(st.lists(st.integers(1, SETTLE_MS - 1), max_size=6), max_size=10),
)
def test_finger_that_bounces_presses_once_each_time(start: int, presses: list[list[int]]) -> None:
    """Each press: down, some bounces within the settling, long held; then up, bouncing alike."""
    button = Button(False)
    now = start
    counted = 0
    for bounces in presses:
        for is_down in (True, False):
            counted += button.sample(is_down, now % PERIOD)
            for offset in sorted(bounces):
                counted += button.sample(offset % 2 == 0, (now + offset) % PERIOD)
            now += SETTLE_MS
            counted += button.sample(is_down, now % PERIOD)
            assert button.is_settled()
            now += 500
    assert counted == len(presses)
