"""Limits and faults of an ESP32 that a simulated light can have, each named by a word.

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
"""The program that loads the chip's stand-ins and then runs main.py."""
RESET, WATCHDOG, POWER_FAILED = 75, -signal.SIGALRM, -signal.SIGUSR2
"""Exit codes of a light: a reset by itself; a reset by the watchdog; `brownout`."""
BOOTS_AFTER = {RESET: "reset", WATCHDOG: "watchdog", POWER_FAILED: "brown-out"}
"""The exit codes after which it boots again, with the line in its log."""
RTC = "RTC"
"""The file for the chip's RTC memory, which survives a reset and no power cut."""
VOLATILE = RTC, "clock"
"""The files that a power cut deletes; the second is for the chip's clock."""
BUTTON = "0"
"""The pin of the button."""
ORDINARY = ("tick 10", "clock", "names 1000", "join 300 3000", "sockets 10", "strapping 0", "heap 56")
"""The limits of every classic ESP32. `heap` is last, as it does not include the memory of the others."""
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
"""The pattern of each word, by its description for the user."""


def check_words(words: Iterable[str]) -> tuple[str, ...]:
    """The words, `heap` last. Raises Invalid for an unknown one."""
    found = tuple(" ".join(word.split()) for word in words)
    for word in found:
        if not any(re.fullmatch(form, word) for form in WORDS.values()):
            raise Invalid(f"no chip has {word[:60]!r}; there are: {', '.join(WORDS)}")
    return tuple(sorted(found, key=lambda word: word.startswith("heap")))


class SimulatedChip:
    """The chip of one simulated light. `words` may be changed for the next boot; without words it has no limits."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = check_words(words)
        self._is_held = False
        self._boots = 0

    def command(self, main: str) -> tuple[str, ...]:
        """The arguments for MicroPython that run this main.py on the chip."""
        return (str(SCRIPT), main) if self.words else (main,)

    def set_button(self, process: ChildProcess, is_held: bool) -> None:
        """Press or release the button."""
        self._is_held = is_held
        process.write_line("button down" if is_held else "button up")

    def environment(self, *, is_first: bool, has_power_failed: bool) -> dict[str, str]:
        """The environment of the next boot. `is_first`: the first since power came."""
        self._boots = 0 if is_first else self._boots + 1
        return {
            "CHIP": "\n".join(self.words),
            "BOOTS": str(self._boots),
            "HELD": BUTTON if self._is_held else "",
            "POWERED": "yes" if is_first or has_power_failed else "",
        }
