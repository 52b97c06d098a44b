"""The light's output, one value: the tuple (is_on, brightness).

Brightness is 1-255 as the eye sees it, and stays while the light is off. An output is compared, kept and shown as a
whole. A further field goes behind the others, as a byte of the record (`lamp.record`).
"""

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    Output = tuple[bool, int]

TRAIT = "brightness"
"""The lamp's ability beyond being switched, as a report names it."""

NEW = (False, 255)
"""The output of a chip that has kept none."""


def toggled(output: "Output") -> "Output":
    """Give the output after a press of the button."""
    return (not output[0],) + output[1:]  # noqa: RUF005 -- MicroPython has no star there


def duty(is_on: bool, brightness: int) -> int:
    """Give the PWM's duty, 0-65535, by the dimming curve of CIE 1931 lightness.

    The eye sees small steps in the dark and none in the bright; a plain power law has steps of nothing at its dark end,
    this curve starts with a straight line. In whole numbers, so that chip and tests agree to the bit, and in small ones
    (30 bits), so that no press allocates; it is off by 3 at most, which is less than a step of the PWM. A table of all
    duties would take 560 bytes more.
    """
    if not is_on:
        return 0
    if brightness <= 20:  # lightness up to 8: luminance = lightness / 903.3
        return brightness * 2_845 // 100
    part = 5 * brightness + 204  # (lightness + 16) / 116, of 1,479
    return min(65_535, (part * part >> 2) * part // 12_341)
