"""What has to be done to put the firmware on a chip: the steps, their files and their commands. Nothing is run here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from presslight.esp_image import chip_of

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
ANSWER_S = 12
"""How long a chip may take to answer at all: mpremote would wait for one that is silent for ever."""
FIRST_START_S = 60
"""How long a chip may take for its first start, when it formats the rest of its flash and hears nothing."""
TRY_S = 4
"""How long it is listened to meanwhile, before it is called again."""
LIMIT_S = 300
RESTART_S = "2"
"""How long a chip takes to start that has nothing to run."""

CLEAR = """\
import os
def quietly(act, *names):
    for name in names:
        try: act(name)
        except OSError: pass
quietly(os.mkdir, 'lib', 'lib/lamp')
quietly(os.remove, 'main.py', *('lib/lamp/' + name for name in os.listdir('lib/lamp')))
"""
"""Run on the chip before the copy: a file that this version no longer has must go, and half a copy must not start."""


@dataclass(frozen=True)
class DeviceFile:
    """One file for the chip: where it lies here, its path there, its size in bytes."""

    source: Path
    target: str
    size: int


@dataclass(frozen=True)
class Step:
    """One program to run, the files that it puts on the chip, and how long it may take.

    `patience_s`: for how long it is run again where it fails.
    """

    title: str
    command: tuple[str, ...]
    files: tuple[DeviceFile, ...] = ()
    limit_s: float = LIMIT_S
    patience_s: float = 0


@dataclass(frozen=True)
class FlashPlan:
    """All that is to be done. `setup` are the files that make it one certain light; they go through `staging`.

    The firmware is copied as source: any MicroPython takes it, and what runs can be read on the chip. Compiled files
    would start a little sooner, and have to match the byte code of the MicroPython that happens to be there.
    """

    port: str
    setup: Mapping[str, str]
    staging: Path
    image: Path | None = None
    erase: bool = False
    baud: int = 460_800

    def steps(self) -> Iterator[Step]:
        """Each step, in order. Raises Invalid for an image that is none."""
        if self.image:
            yield from self._write_image(self.image)
        yield self._answer()
        yield Step("clear what an older firmware left", self._mpremote("exec", CLEAR))
        yield Step(
            "start it empty: no watchdog shall cut the copy short", self._mpremote("reset", "+", "sleep", RESTART_S)
        )
        yield self._copy("copy the firmware", lamp_files(), "lib/lamp/")
        yield self._copy("copy what makes it start", (*self._setup_files(), _file(FIRMWARE / "main.py", "")), "")
        yield Step("start it", self._mpremote("reset"))

    def _write_image(self, image: Path) -> Iterator[Step]:
        chip = chip_of(image)
        esptool = ("esptool", "--chip", chip.name, "--port", self.port, "--baud", str(self.baud))
        if self.erase:
            yield Step("erase the chip", (*esptool, "erase-flash"))
        size = image.stat().st_size
        written = (DeviceFile(image, f"{chip.name}'s flash at {chip.offset}", size),)
        yield Step("write MicroPython", (*esptool, "write-flash", chip.offset, str(image)), written)

    def _answer(self) -> Step:
        limit_s, patience_s = (TRY_S, FIRST_START_S) if self.image else (ANSWER_S, 0)
        title = "see that MicroPython answers"
        return Step(title, self._mpremote("exec", "pass"), limit_s=limit_s, patience_s=patience_s)

    def _copy(self, title: str, files: tuple[DeviceFile, ...], folder: str) -> Step:
        sources = (str(file.source) for file in files)
        return Step(title, self._mpremote("fs", "cp", *sources, f":{folder}"), files)

    def _setup_files(self) -> tuple[DeviceFile, ...]:
        return tuple(DeviceFile(self.staging / name, name, len(text.encode())) for name, text in self.setup.items())

    def _mpremote(self, *words: str) -> tuple[str, ...]:
        return ("mpremote", "connect", self.port, *words)


def lamp_files() -> tuple[DeviceFile, ...]:
    """The firmware's package as it lies here, for `lib/lamp/` on the chip."""
    return tuple(_file(source, "lib/lamp/") for source in sorted((FIRMWARE / "lamp").glob("*.py")))


def _file(source: Path, folder: str) -> DeviceFile:
    return DeviceFile(source, folder + source.name, source.stat().st_size)
