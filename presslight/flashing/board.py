"""What a board says of itself: MicroPython on it is asked before anything is changed."""

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
"""Run on the board. The watchdog of a lamp that was interrupted would cut the copy short; it cannot be stopped, so it
gets more time. Should the copy be cut all the same, it starts the lamp again.
"""


@dataclass(frozen=True)
class Board:
    """`number`: the chip's own, which no other has. `pins`: the GPIOs that MicroPython on it knows."""

    platform: str
    version: tuple[int, ...]
    machine: str
    number: str
    pins: tuple[int, ...]

    @property
    def chip(self) -> Chip | None:
        """Which of the family it is; None: one that is unknown here."""
        return chip_named(self.machine.rpartition(" with ")[2])

    def unusable(self) -> str | None:
        """Why no light can be made of it, and what to do; None: one can."""
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
    """What `ASK` printed. Raises ToolFailed where that is something else."""
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
