"""How long a token is good, as people write it: 30d, 12h."""

import re

from presslight.contract.errors import Invalid

_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
LONGEST_S = 3_660 * _UNITS["d"]


def lifetime_s(text: str) -> int:
    """Read it, in seconds. Raises Invalid."""
    read = re.fullmatch(r"([1-9][0-9]{0,8})([mhdw])", text, re.ASCII)
    seconds = int(read[1]) * _UNITS[read[2]] if read else 0
    if not 0 < seconds <= LONGEST_S:
        raise Invalid("a token is good for minutes, hours, days or weeks, ten years at most: 30m, 12h, 30d, 8w")
    return seconds
