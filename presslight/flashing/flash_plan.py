"""The steps that put the firmware on a chip, with their files and commands. Pure: no step is run here.

The firmware gets a folder named by its content, beside the former one; `main.py` names the folder that starts. So the
running firmware is unchanged until one rename, and a second attempt continues an interrupted one.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from presslight.flashing.board import ASK
from presslight.flashing.esp_image import chip_of
from presslight.light_settings import SETTINGS

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
ANSWER_S = 12
"""The longest time until a chip answers: mpremote itself waits without a limit."""
NAME_S = 5
"""The longest time until the boot loader answers."""
FIRST_START_S = 60
"""The longest first start of MicroPython, which formats the flash and reads no input meanwhile."""
TRY_S = 15
"""The longest call in that time; mpremote itself gives up after 10 s of silence."""
LIMIT_S = 300

MAIN = "main.py"
NEW = ".new"
"""The suffix of a file until the switch."""

SWEEP = """\
import os
def text(name):
    try:
        with open(name) as file: return file.read()
    except OSError: return ''
def remove(path, kind):
    if kind == 0x4000:
        for each in list(os.ilistdir(path)): remove(path + '/' + each[0], each[1])
        os.rmdir(path)
    else: os.remove(path)
used = text('main.py') + text('settings.json')
for name, kind, *_ in list(os.ilistdir()):
    if name.endswith('.new') or (name.startswith(('fw-', 'firmware-', 'ca-')) and name not in used and name != FOLDER):
        remove(name, kind)
"""
"""Runs on the chip: removes the rest of an unfinished copy and unused firmware; `FOLDER` stays."""

MAKE = """\
for name in (FOLDER, FOLDER + '/lamp'):
    try: os.mkdir(name)
    except OSError: pass
"""
SWITCH = """\
import os
def put(name):
    try: os.stat(name + '.new')
    except OSError: return
    try: os.rename(name + '.new', name)
    except OSError as error:
        if error.errno != 17: raise
        os.remove(name)
        os.rename(name + '.new', name)
put('settings.json')
put('main.py')
try:
    for name in os.listdir('lib/lamp'): os.remove('lib/lamp/' + name)
    os.rmdir('lib/lamp')
except OSError: pass
"""
"""Runs on the chip: the new settings first, which any firmware reads, then the new firmware. littlefs renames over a
file; FAT, which some boards have, fails with EEXIST, so the old file is removed first. Older versions used `lib/lamp`.
"""


@dataclass(frozen=True)
class DeviceFile:
    """One file for the chip: its source here, its path on the chip, its size in bytes."""

    source: Path
    target: str
    size: int


@dataclass(frozen=True)
class Step:
    """One program to run, with the files that it copies. `limit_s`: the timeout; `patience_s`: the time for retries."""

    title: str
    command: tuple[str, ...]
    files: tuple[DeviceFile, ...] = ()
    limit_s: float = LIMIT_S
    patience_s: float = 0


@dataclass(frozen=True)
class FlashPlan:
    """All steps. `staging`: the folder of files that are written for one light; `baud`: the speed of writing the image.

    The firmware is copied as source: any MicroPython runs it, and it can be read on the chip. Compiled files would
    start a little sooner, and have to match the byte code version of the installed MicroPython.
    """

    port: str
    staging: Path
    image: Path | None = None
    erase: bool = False
    baud: int = 460_800

    def write_image(self) -> Iterator[Step]:
        """Write MicroPython, if an image is named. Raises Invalid for another file."""
        if not self.image:
            return
        chip = chip_of(self.image)
        esptool = ("esptool", "--chip", chip.name, "--port", self.port, "--baud", str(self.baud))
        if self.erase:
            yield Step("erase the chip", (*esptool, "erase-flash"))
        size = self.image.stat().st_size
        written = (DeviceFile(self.image, f"{chip.name}'s flash at {chip.offset}", size),)
        yield Step("write MicroPython", (*esptool, "write-flash", chip.offset, str(self.image)), written)

    def ask_board(self) -> Step:
        """Ask the board for its data; after an image this is MicroPython's first start."""
        limit_s, patience_s = (TRY_S, FIRST_START_S) if self.image else (ANSWER_S, 0)
        return Step("ask the board what it is", self._exec(ASK), limit_s=limit_s, patience_s=patience_s)

    def ask_boot_loader(self) -> Step:
        """Ask the boot loader for the chip's name; this resets the chip."""
        command = ("esptool", "--port", self.port, "--connect-attempts", "1", "chip-id")
        return Step("ask its boot loader", command, limit_s=NAME_S)

    def copy(self, setup: Mapping[str, str]) -> Iterator[Step]:
        """Copy the firmware beside the former one and switch to it. `setup`: the light's setup files by name."""
        firmware = lamp_files()
        folder = f"FOLDER = {firmware_folder()!r}\n"
        staged = tuple(self._staged(name, text) for name, text in staged_files(setup).items())
        yield Step("clear what an unfinished copy left", self._exec(folder + SWEEP + MAKE))
        yield self._copy("copy the firmware", firmware, firmware_folder() + "/lamp/")
        yield self._copy("copy what makes it start", staged, "")
        yield Step("switch to it", self._exec(SWITCH))
        yield Step("clear what is no longer used", self._exec(folder + SWEEP))

    def start(self) -> Step:
        """Start what is on the chip."""
        return Step("start it", self._mpremote("reset"))

    def steps(self, setup: Mapping[str, str]) -> Iterator[Step]:
        """Each step, in order. Raises Invalid for an invalid image."""
        yield from self.write_image()
        yield self.ask_board()
        yield from self.copy(setup)
        yield self.start()

    def _copy(self, title: str, files: tuple[DeviceFile, ...], folder: str) -> Step:
        sources = (str(file.source) for file in files)
        return Step(title, self._mpremote("fs", "cp", *sources, f":{folder}"), files)

    def _staged(self, name: str, text: str) -> DeviceFile:
        return DeviceFile(self.staging / name, name, len(text.encode()))

    def _exec(self, code: str) -> tuple[str, ...]:
        return self._mpremote("exec", code)

    def _mpremote(self, *words: str) -> tuple[str, ...]:
        return ("mpremote", "connect", self.port, *words)


def lamp_files() -> tuple[DeviceFile, ...]:
    """The files of the firmware's package, for its folder on the chip."""
    folder = firmware_folder() + "/lamp/"
    return tuple(DeviceFile(source, folder + source.name, source.stat().st_size) for source in _sources())


def staged_files(setup: Mapping[str, str]) -> dict[str, str]:
    """Texts of the other files by their names until the switch: settings, certificate, `main.py`."""
    start = (FIRMWARE / MAIN).read_text(encoding="utf-8")
    main = f"__import__('sys').path.insert(0, {firmware_folder()!r})  # the firmware that starts\n{start}"
    files = {name + NEW if name == SETTINGS else name: text for name, text in setup.items()}
    return {**files, MAIN + NEW: main}


def firmware_folder() -> str:
    """The firmware's folder on the chip, named by a digest of its content; short, as RAM holds it for each module."""
    digest = hashlib.sha256()
    for source in _sources():
        content = source.read_bytes()
        digest.update(f"{source.name} {len(content)}\n".encode() + content)
    return f"fw-{digest.hexdigest()[:8]}"


def _sources() -> list[Path]:
    return sorted((FIRMWARE / "lamp").glob("*.py"))
