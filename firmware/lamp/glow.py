"""From on/off and brightness, as a person sees it, to the duty of the PWM."""

from array import array

TRAIT = "brightness"
"""What this lamp can do, which includes that it can be switched."""

FULL = 65_535


def _duty(brightness: int) -> int:
    """Give the duty for a perceived brightness of 0-255, by CIE 1931 lightness.

    The eye sees small steps in the dark and none in the bright; a plain power law has steps of nothing at its dark end,
    this curve starts with a straight line. In whole numbers, so that chip and tests agree to the bit.
    """
    if brightness <= 20:  # lightness up to 8: luminance = lightness / 903.3
        return brightness * FULL * 1000 // (255 * 9033)
    return FULL * (100 * brightness + 16 * 255) ** 3 // (116 * 255) ** 3


_DUTIES = array("H", [_duty(brightness) for brightness in range(256)])


def duty(is_on: bool, brightness: int) -> int:
    """Give the duty, 0-65535, for a light that is on or off at `brightness` 1-255."""
    return _DUTIES[brightness] if is_on else 0
