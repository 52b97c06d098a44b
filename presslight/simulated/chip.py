"""In what a simulated light can be as hostile as an ESP32: the words, and those that every chip is like.

Each is a stand-in of its own in `firmware/simulator/chip/`, which says what it does and which file and function of
MicroPython's ESP32 port it is made after; nothing of one that is not asked for is loaded.
"""

import re
import signal
from collections.abc import Iterable
from pathlib import Path

from presslight.contract.errors import Invalid
from presslight.simulated.child_process import ChildProcess

SCRIPT = Path(__file__).resolve().parents[1] / "firmware" / "simulator" / "chip" / "__main__.py"
"""What runs a main.py where the simulator is to be as hostile as a chip."""
RESET, WATCHDOG, POWER_FAILED = 75, -signal.SIGALRM, -signal.SIGUSR2
"""Exit codes of a light: it resets itself; its loop stood still until its watchdog bit; `brownout`."""
BOOTS_AFTER = {RESET: "reset", WATCHDOG: "watchdog", POWER_FAILED: "brown-out"}
"""After which of them it boots again, and what its log says then."""
RTC = "RTC"
"""The file that stands for the chip's RTC memory, which outlives a reset and no power cut."""
VOLATILE = RTC, "clock"
"""All files that are lost with the power; the second stands for the chip's date."""
BUTTON = "0"
"""The pin of its button."""
ORDINARY = ("tick 10", "clock", "names 1000", "join 300 3000", "sockets 10", "strapping 0", "heap 56")
"""A classic ESP32 on a good day. `heap` is the last one, as what the others take is no part of it."""
WORDS = {
    "tick MS": r"tick [1-9]\d{0,3}",
    "clock": r"clock",
    "names MS": r"names [1-9]\d{0,4}",
    "join LEAST_MS MOST_MS": r"join \d{1,5} \d{1,5}",
    "sockets MOST": r"sockets \d{1,3}",
    "strapping PIN": r"strapping \d{1,2}",
    "heap KIB": r"heap [1-9]\d{1,3}",
    "driver start|active|config|scan|connect|disconnect memory|hang|0xNNNN [TIMES]": (
        r"driver (start|active|config|scan|connect|disconnect) (memory|hang|0x[0-9a-fA-F]{1,8})( [1-9]\d{0,5})?"
    ),
    "flash ENOSPC|EIO open|write|flush|rename|read [FIRST]": (
        r"flash (ENOSPC|EIO) (open|write|flush|rename|read)( [1-9]\d{0,5})?"
    ),
    "flash well": r"flash well",
    "brownout BOOTS STEP|MSms": r"brownout [1-9]\d{0,3} [1-9]\d{0,5}(ms)?",
}
"""What a word looks like, as it is told and as it is read."""


def check_words(words: Iterable[str]) -> tuple[str, ...]:
    """Give the words, `heap` last. Raises Invalid where one is none."""
    found = tuple(" ".join(word.split()) for word in words)
    for word in found:
        if not any(re.fullmatch(form, word) for form in WORDS.values()):
            raise Invalid(f"no chip has {word[:60]!r}; there are: {', '.join(WORDS)}")
    return tuple(sorted(found, key=lambda word: word.startswith("heap")))


class SimulatedChip:
    """The chip of one simulated light. `words` may be changed for the next boot; with none it is friendly."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = check_words(words)
        self._is_held = False
        self._boots = 0

    def command(self, main: str) -> tuple[str, ...]:
        """What MicroPython is to run, so that it runs this main.py on the chip."""
        return (str(SCRIPT), main) if self.words else (main,)

    def set_button(self, process: ChildProcess, is_held: bool) -> None:
        """Put a finger on its button, or take it off."""
        self._is_held = is_held
        process.write_line("button down" if is_held else "button up")

    def environment(self, *, is_first: bool, has_power_failed: bool) -> dict[str, str]:
        """What the stand-ins read in the next boot, which is the first with this power or not."""
        self._boots = 0 if is_first else self._boots + 1
        return {
            "CHIP": "\n".join(self.words),
            "BOOTS": str(self._boots),
            "HELD": BUTTON if self._is_held else "",
            "POWERED": "yes" if is_first or has_power_failed else "",
        }
