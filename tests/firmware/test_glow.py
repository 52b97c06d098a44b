import itertools

from lamp import glow
from tests.firmware.conftest import Both

ALL = [[True, brightness] for brightness in range(1, 256)]


def test_duty_is_the_same_on_both_interpreters(both: Both) -> None:
    assert both("duties", ALL) == [glow.duty(*each) for each in ALL]


def test_duty_rises_with_each_step_of_brightness() -> None:
    duties = [glow.duty(True, brightness) for brightness in range(1, 256)]
    assert all(darker < brighter for darker, brighter in itertools.pairwise(duties))


def test_duty_is_dark_when_off_and_full_at_the_top() -> None:
    assert glow.duty(False, 255) == 0
    assert glow.duty(True, 255) == 65_535


def test_duty_of_the_lowest_brightness_can_be_seen() -> None:
    assert glow.duty(True, 1) > 65_536 // 2**14  # a step of the PWM, which has 14 bits at its frequency


def test_duty_of_half_the_brightness_is_as_bright_as_cie_1931_says() -> None:
    lightness = 128 / 255 * 100
    assert abs(glow.duty(True, 128) / 65_535 - ((lightness + 16) / 116) ** 3) < 0.0001
