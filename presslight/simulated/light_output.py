"""The visible output of a simulated light, updated by each line that the simulator prints. Pure."""

import json
from dataclasses import dataclass, replace
from typing import Any, Self

LINKS = ("up", "down")
FULL_DUTY = 65_535


@dataclass(frozen=True)
class LightOutput:
    """The visible output of a light. Without power: `LightOutput()`."""

    duty: int = 0
    """The duty cycle of the PWM, 0-65535."""
    us: int = 0
    """The time of its last change, in µs of CLOCK_MONOTONIC (as `time.monotonic`); 0 before the first."""
    link: str = "down"
    """`up` while the firmware is connected to the broker."""
    log: str = ""
    """The last line that the firmware printed."""
    lines: int = 0
    """The number of printed lines, so that an equal line is a change too."""

    def after(self, line: bytes) -> Self:
        """The output after a line: an event of the simulator (JSON), or any other text, which is a log line."""
        match _event(line):
            case {"duty": int(duty), "us": int(us)} if 0 <= duty <= FULL_DUTY:
                return replace(self, duty=duty, us=us)
            case {"link": str(link)} if link in LINKS:
                return replace(self, link=link)
            case {"log": str(log)}:
                return replace(self, log=log, lines=self.lines + 1)
        return replace(self, log=line.decode(errors="replace").rstrip(), lines=self.lines + 1)

    def without_power(self) -> Self:
        """The output after a power cut; the log stays."""
        return replace(self, duty=0, us=0, link="down")


def _event(line: bytes) -> Any:
    if not line.startswith(b"{"):
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
