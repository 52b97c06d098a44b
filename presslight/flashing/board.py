"""A board's own data: MicroPython on it is asked before anything is changed."""

import json
from dataclasses import dataclass

from presslight.contract.errors import printable
from presslight.flashing.esp_image import OLDEST, Chip, chip_named, dotted
from presslight.flashing.tool import ToolFailed

WATCHDOG_MS = 600_000
ASK = f"""\
import json, sys
about = {{'platform': sys.platform, 'version': list(sys.implementation.version[:3])}}
about['machine'] = getattr(sys.implementation, '_machine', '')
about['number'], about['pins'] = '', []
if sys.platform == 'esp32':
    import binascii, machine
    machine.WDT(timeout={WATCHDOG_MS})
    about['number'] = binascii.hexlify(machine.unique_id()).decode()
    for pin in range(64):
        try: machine.Pin(pin)
        except ValueError: continue
        about['pins'].append(pin)
print(json.dumps(about))
"""
"""Runs on the board. The watchdog of the interrupted firmware cannot be stopped, and would reset the chip during the
copy, so its timeout is raised; if the copy fails all the same, it restarts the firmware.
"""


@dataclass(frozen=True)
class Board:
    """A board with MicroPython. `number`: the chip's unique id (hex). `pins`: the GPIOs that MicroPython accepts."""

    platform: str
    version: tuple[int, ...]
    machine: str
    number: str
    pins: tuple[int, ...]

    @property
    def chip(self) -> Chip | None:
        """The chip of the ESP32 family; None for one unknown here."""
        return chip_named(self.machine.rpartition(" with ")[2])

    def unusable(self) -> str | None:
        """The reason why the firmware cannot run on it, and what to do; None where it can."""
        if self.platform != "esp32":
            return f"the board is no ESP32, it says {printable(self.platform)}: is it the right port (--port)?"
        if self.version[:2] < OLDEST:
            board = f"for {self.chip.board} " if self.chip else ""
            return (
                f"the firmware needs MicroPython {dotted(OLDEST)} or newer, and {dotted(self.version)} is on the chip: "
                f"take a newer image {board}from MicroPython's download page, and name it (--firmware-image); "
                "what the chip keeps stays"
            )
        return None


def read_board(printed: str) -> Board:
    """Parse the output of `ASK`. Raises ToolFailed."""
    try:
        about = json.loads(next(line for line in reversed(printed.splitlines()) if line.startswith("{")))
        major, minor, *rest = (int(part) for part in about["version"])
        return Board(
            str(about["platform"]),
            (major, minor, *rest),
            str(about["machine"]),
            str(about["number"]),
            tuple(int(pin) for pin in about["pins"]),
        )
    except (StopIteration, ValueError, LookupError, TypeError, OverflowError, RecursionError):
        raise ToolFailed("the board answers, and not as MicroPython does") from None
