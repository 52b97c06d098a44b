"""The firmware's footprint in the heap, module by module, as on the chip: by paths as short, without the stand-ins."""

import ast
import asyncio
import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from presslight.contract.address import BrokerAddress
from presslight.flashing.flash_plan import firmware_folder
from presslight.light_settings import setup_files, write_secret
from presslight.micropython import Command
from presslight.simulated.child_process import ChildProcess
from presslight.simulated.simulated_light import FIRMWARE
from tests.firmware.presser import pressing

NAME = "footprint"
"""A name that no light has had at the broker: it keeps the last report."""
SCRIPT = Path(__file__).parent / "on_micropython" / "footprint.py"
ENVIRONMENT = {
    "PATH": os.defpath,
    "MICROPYPATH": f"simulator:{firmware_folder()}::.frozen",
    "NAME_SERVERS": "127.0.0.1 53",
}
ASK_LIVE = "import gc; gc.collect(); print(gc.mem_alloc())"

SIMULATOR = FIRMWARE / "simulator"
POOLS = "pools of names"

KIB = 1_024
ROOM = 1_024 * KIB
"""A heap in which nothing is scarce."""


class Places(NamedTuple):
    """The broker's address, for the light and for a user who may press it."""

    light: BrokerAddress
    user: BrokerAddress


class FirmwareEnded(RuntimeError):
    """The light ended by itself, for want of memory perhaps."""


@dataclass(frozen=True)
class Footprint:
    """Bytes of the interpreter, each module and what runs; apart those of modules that only some lights import."""

    ours: dict[str, int]
    late: dict[str, int]
    stand_ins: int

    @property
    def total(self) -> int:
        """The live heap on the chip, after all the presses, without TLS and names."""
        return sum(self.ours.values())


class Told:
    """The lines of the script. Pools of names count as such, and not for the module whose name was one too many."""

    def __init__(self) -> None:
        self.count: dict[str, int] = Counter()
        self._pools = 0
        self._new_pools = 0

    def hear(self, line: str) -> None:
        """Take a line; one that is not the script's is nothing."""
        if found := re.fullmatch(r"qstr pool: .*n_str_data_bytes=(\d+), n_total_bytes=(\d+)\s*", line):
            pools = int(found[2]) - int(found[1])
            self._new_pools, self._pools = pools - self._pools, pools
        elif found := re.fullmatch(r"footprint (\S+) (-?\d+)\s*", line):
            self.count[found[1]] += int(found[2]) - self._new_pools
            if found[1] == "presses":
                self.count[POOLS] = self._pools

    def footprint(self, bare: int) -> Footprint:
        """All of it, where an interpreter alone has so many live bytes."""
        loaded, late = modules()
        stand_ins = sum(self.count[name] for name in loaded if not _is_ours(name))
        ours = {name: count for name, count in self.count.items() if _is_ours(name) and name not in {"script", *late}}
        return Footprint(
            {"interpreter": bare, **ours}, {name: self.count[name] for name in filter(_is_ours, late)}, stand_ins
        )


def modules() -> tuple[list[str], list[str]]:
    """The modules that each light imports, and those that only some do: those first that others import.

    In the second the stand-ins come first: channel.py imports them, where nobody names them.
    """
    places = {f"lamp.{path.stem}": path for path in (FIRMWARE / "lamp").glob("[!_]*.py")}
    places |= {path.stem: path for path in SIMULATOR.glob("*.py")}
    needs = {name: sorted(places.keys() & _imports(path)) for name, path in sorted(places.items())}
    order = list(TopologicalSorter(needs).static_order())
    loaded = places.keys() & _imports(FIRMWARE / "main.py")
    for name in reversed(order):
        loaded |= {*needs[name]} if name in loaded else set()
    late = [name for name in order if name not in loaded]
    return ["asyncio", "lamp", *filter(loaded.__contains__, order)], sorted(late, key=_is_ours)


def _is_ours(name: str) -> bool:
    return not (SIMULATOR / f"{name}.py").exists()


async def measured(command: Command, folder: Path, at: Places, presses: int) -> Footprint:
    """The footprint of a light after so many presses. `folder` is an empty one."""
    loaded, late = modules()
    script = [str(SCRIPT), *loaded, "-", *late]
    told = await _pressed([*command, "-X", f"heapsize={ROOM}", *script], folder, at, presses)
    return told.footprint(_live(command))


async def endure(command: Command, folder: Path, at: Places, presses: int, heap: int) -> None:
    """Press a light so often that has a heap of so many bytes. Raises FirmwareEnded in an ExceptionGroup."""
    await _pressed([*command, "-X", f"heapsize={heap}", "main.py"], folder, at, presses)


async def _pressed(start: Command, folder: Path, at: Places, presses: int) -> Told:
    _furnish(folder, at.light)
    told = Told()
    child = await ChildProcess.start(start, folder, ENVIRONMENT)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_listen(child, told), name="listen to the light")
            async with pressing(at.user, NAME) as presser:
                await presser.press_many(presses)
            child.write_line("quit")
    finally:
        await child.end_process()
    return told


async def _listen(child: ChildProcess, told: Told) -> None:
    """Hear the light until it ends, which is for us to say."""
    async for line in child.lines():
        told.hear(line.decode())
    if code := await child.exit_code():
        raise FirmwareEnded(f"the light ended by itself, with {code}")


def _live(command: Command) -> int:
    """The live heap of an interpreter that does nothing."""
    return int(subprocess.run([*command, "-c", ASK_LIVE], capture_output=True, text=True, check=True).stdout)


def _furnish(folder: Path, address: BrokerAddress) -> None:
    """Make a folder the chip's flash, with the stand-ins beside it."""
    (folder / firmware_folder()).mkdir()
    (folder / firmware_folder() / "lamp").symlink_to(FIRMWARE / "lamp")
    (folder / "simulator").symlink_to(SIMULATOR)
    shutil.copy(FIRMWARE / "main.py", folder)  # where a link leads, MicroPython would look for modules first
    for name, text in setup_files(NAME, address, wifi={"ssid": "simulated", "password": ""}).items():
        write_secret(folder / name, text)


def _imports(path: Path) -> set[str]:
    """Every name that a module may have which a file imports as it is loaded."""
    names = set()
    for node in chain.from_iterable(ast.walk(top) for top in ast.parse(path.read_text()).body if not _is_later(top)):
        match node:
            case ast.Import(imported):
                names |= {alias.name for alias in imported}
            case ast.ImportFrom(str(module), imported):
                names |= {module, *(f"{module}.{alias.name}" for alias in imported)}
    return names


def _is_later(top: ast.stmt) -> bool:
    """Imported later, or never: only for types."""
    return isinstance(top, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If)
