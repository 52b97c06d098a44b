"""Rendering of a simulated light, as a picture for a terminal and as log lines."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.align import Align
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from presslight.simulated.light_output import FULL_DUTY, LightOutput

WARM_WHITE = (255, 214, 150)
UNLIT = 40
"""The block's brightness without light, 0-255: still visible on a black screen."""
SCREEN_GAMMA = 2.2
BLOCK = "\n".join(["█" * 30] * 6)
KEYS = "space: button   r: power cut   w: Wi-Fi {wifi}   q: quit"


def block_color(duty: int) -> str:
    """The colour of a lamp of that duty on a screen, whose own gamma undoes the light's: `rgb(r,g,b)`."""
    level = (duty / FULL_DUTY) ** (1 / SCREEN_GAMMA)
    red, green, blue = (round(UNLIT + (full - UNLIT) * level) for full in WARM_WHITE)
    return f"rgb({red},{green},{blue})"


def brightness(duty: int) -> str:
    """`off`, or `on` with the share of the full duty in per cent."""
    return f"on, PWM {100 * duty / FULL_DUTY:.3g} %" if duty else "off"


def log_lines(before: LightOutput, now: LightOutput) -> Iterator[str]:
    """One line for each change between two outputs."""
    if now.duty != before.duty:
        yield brightness(now.duty)
    if now.link != before.link:
        yield f"link {now.link}"
    if now.lines != before.lines:
        yield now.log


class LightLog:
    """Log lines of changes. A repeated cause of a failed connection is logged once."""

    def __init__(self) -> None:
        self._last = LightOutput()
        self._cause = ""

    def lines(self, now: LightOutput) -> Iterator[str]:
        """The lines since the last output."""
        last, self._last = self._last, now
        for line in log_lines(last, now):
            if line == self._cause:
                continue
            if line.startswith("link lost") or line == "link up":
                self._cause = line
            yield line


@dataclass
class LightPicture:
    """A light as a picture for a terminal: rich draws it."""

    name: str
    broker: str
    output: LightOutput = field(default_factory=LightOutput)
    has_wifi: bool = True
    event: str = ""

    def __rich__(self) -> RenderableType:
        block = Text(BLOCK, style=block_color(self.output.duty))
        facts = Text(f"{brightness(self.output.duty)}\n{self._link()}\n", justify="center")
        last = Text(f"{self.event}\n{self.output.log}\n", style="dim", justify="center")
        keys = Text(KEYS.format(wifi="away" if self.has_wifi else "back"), style="bold")
        lines = Group(*(Align.center(each) for each in (block, Text(" "), facts, last, keys)))
        return Align.center(Panel(lines, title=self.name, width=70, padding=1))

    def _link(self) -> str:
        if not self.has_wifi:
            return f"Wi-Fi away, link {self.output.link}"
        return f"linked to {self.broker}" if self.output.link == "up" else f"no link to {self.broker}"
