"""From on/off and brightness, as a person sees it, to the duty of the PWM."""

TRAIT = "brightness"
"""What this lamp can do, which includes that it can be switched."""


def duty(is_on: bool, brightness: int) -> int:
    """Give the duty, 0-65535, for a light that is on or off at a perceived brightness of 1-255, by CIE 1931 lightness.

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
