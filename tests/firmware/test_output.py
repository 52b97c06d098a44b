import itertools

from lamp import output
from tests.firmware.conftest import Both

ALL = [[True, brightness] for brightness in range(1, 256)]


def test_duty_is_the_same_on_both_interpreters(both: Both) -> None:
    assert both("duties", ALL) == [output.duty(*each) for each in ALL]


def test_duty_rises_with_each_step_of_brightness() -> None:
    duties = [output.duty(True, brightness) for brightness in range(1, 256)]
    assert all(darker < brighter for darker, brighter in itertools.pairwise(duties))


def test_duty_is_dark_when_off_and_full_at_the_top() -> None:
    assert output.duty(False, 255) == 0
    assert output.duty(True, 255) == 65_535


def test_duty_of_the_lowest_brightness_can_be_seen() -> None:
    assert output.duty(True, 1) > 65_536 // 2**14  # a step of the PWM, which has 14 bits at its frequency


def test_each_duty_is_as_bright_as_cie_1931_says() -> None:
    for brightness in range(1, 256):
        lightness = brightness / 255 * 100
        luminance = lightness / 903.3 if lightness <= 8 else ((lightness + 16) / 116) ** 3
        assert abs(output.duty(True, brightness) - luminance * 65_535) < 65_536 / 2**14


def test_duty_takes_no_number_that_would_be_allocated() -> None:
    part = 5 * 255 + 204
    assert (part * part >> 2) * part < 1 << 30
