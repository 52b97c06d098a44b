"""What can be seen of a simulated light, and how a line that it prints changes that."""

import json
from dataclasses import dataclass, replace
from typing import Any, Self

LINKS = ("up", "down")
FULL_DUTY = 65_535


@dataclass(frozen=True)
class LightOutput:
    """What can be seen of a light. Without power it is dark, unlinked and silent: `LightOutput()`."""

    duty: int = 0
    """What the PWM does, 0-65535."""
    us: int = 0
    """When that changed last, in µs of CLOCK_MONOTONIC (that of `time.monotonic`); 0 where it never has."""
    link: str = "down"
    """`up` while the firmware holds its link to the broker."""
    log: str = ""
    """The last line that the firmware printed."""
    lines: int = 0
    """How many it has printed, so that the same line twice is seen twice."""

    def after(self, line: bytes) -> Self:
        """The glow once the light has printed `line`: an event of the simulator's, or anything else, which is a log."""
        match _event(line):
            case {"duty": int(duty), "us": int(us)} if 0 <= duty <= FULL_DUTY:
                return replace(self, duty=duty, us=us)
            case {"link": str(link)} if link in LINKS:
                return replace(self, link=link)
            case {"log": str(log)}:
                return replace(self, log=log, lines=self.lines + 1)
        return replace(self, log=line.decode(errors="replace").rstrip(), lines=self.lines + 1)

    def without_power(self) -> Self:
        """The glow once its power is gone; what it printed stays."""
        return replace(self, duty=0, us=0, link="down")


def _event(line: bytes) -> Any:
    if not line.startswith(b"{"):
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
