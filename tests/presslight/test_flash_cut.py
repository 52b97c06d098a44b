"""Flashing that is cut at any point: the old lamp starts or the new one, and a second time succeeds."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from presslight.command import app
from presslight.flashing import flash_plan, tool
from presslight.flashing.flash_plan import FlashPlan, staged_files
from presslight.micropython import Command
from tests.presslight.pretended_chip import PretendedChip, pretended_chip
from tests.presslight.verbs.test_flash import LIGHT, make_small_firmware, refused, small_firmware

__all__ = ["small_firmware"]  # a fixture
OLD_SETTINGS = json.dumps({"name": "old", "ca": "ca-old.pem", "rest": "x" * 300})
NEW_SETTINGS = json.dumps({"name": "new", "ca": "ca-new.pem", "rest": "y" * 300})

POWER = r"""
import json, os, sys

with open(sys.argv[1]) as file:
    OLD, NEW = json.load(file)

class Cut(Exception):
    pass

class Disk:
    # Flash whose power fails in the middle of the write that is counted to 0.
    def __init__(self, blocks):
        self.blocks = blocks
        self.left = -1
        self.is_dead = False
    def readblocks(self, block, into, offset=0):
        if self.is_dead:
            return
        start = block * 4096 + offset
        into[:] = self.blocks[start:start + len(into)]
    def writeblocks(self, block, content, offset=0):
        if self.is_dead:
            return
        start = block * 4096 + offset
        self.left -= 1
        if self.left == 0:
            half = len(content) // 2
            self.blocks[start:start + half] = content[:half]
            self.is_dead = True
            raise Cut
        self.blocks[start:start + len(content)] = content
    def ioctl(self, request, argument):
        return {4: 64, 5: 4096}.get(request, 0)

def mount(blocks):
    try:
        os.umount("/flash")
    except OSError:
        pass
    disk = Disk(blocks)
    os.mount(os.VfsLfs2(disk), "/flash")
    os.chdir("/flash")
    return disk

def flash(steps):
    # What mpremote does with each step.
    for code, files in steps:
        if code:
            exec(code, {})
        for target, text in files:
            with open(target, "wb") as file:
                text = text.encode()
                for start in range(0, len(text), 256):
                    file.write(text[start:start + 256])

def start():
    sys.path[:] = ["", "/lib"]
    for name in list(sys.modules):
        if name.startswith("lamp"):
            del sys.modules[name]
    with open("main.py") as file:
        exec(file.read(), {"__name__": "__main__"})
    with open("settings.json") as file:
        settings = json.load(file)
    os.stat(settings["ca"])
    return sys.modules["lamp"].VERSION, settings["name"]

blocks = bytearray(64 * 4096)
os.VfsLfs2.mkfs(Disk(blocks))
mount(blocks)
flash(OLD)
assert start() == ("old", "old")
cut = 0
while True:
    cut += 1
    now = bytearray(blocks)
    disk = mount(now)
    disk.left = cut
    try:
        flash(NEW)
    except (Cut, OSError):
        assert disk.is_dead
    is_over = not disk.is_dead
    disk.is_dead = True
    mount(now)
    lamp = start()
    print("starts:", *lamp)
    flash(NEW)
    assert start() == ("new", "new")
    left = sorted(os.listdir())
    assert len(left) == 4, left
    if is_over:
        break
"""


def device_steps(folder: Path, settings: str, ca: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """What each step of the plan runs and writes on the chip."""
    staged = staged_files({"settings.json": settings, ca: "PEM " * 100})
    for name, text in staged.items():
        (folder / name).write_text(text)
    plan = FlashPlan("/dev/ttyUSB0", folder)
    setup = {"settings.json": settings, ca: "PEM " * 100}
    return [
        (
            "" if step.files else step.command[-1],
            [(file.target, file.source.read_text(encoding="utf-8")) for file in step.files],
        )
        for step in plan.copy(setup)
    ]


def test_power_cut_at_any_write_leaves_a_lamp_that_starts(
    micropython: Command, small_firmware: Path, tmp_path: Path
) -> None:
    old = device_steps(tmp_path, OLD_SETTINGS, "ca-old.pem")
    (small_firmware / "lamp/__init__.py").write_text("VERSION = 'new'\n# " + "z" * 2_000)
    new = device_steps(tmp_path, NEW_SETTINGS, "ca-new.pem")
    (tmp_path / "steps.json").write_text(json.dumps([old, new]))
    run = subprocess.run(
        [*micropython, "-c", POWER, str(tmp_path / "steps.json")], stdout=subprocess.PIPE, text=True, check=True
    )
    seen = re.findall(r"^starts: (.*)", run.stdout, re.MULTILINE)
    assert set(seen) == {"old old", "old new", "new new"}
    assert seen == sorted(seen, key=["old old", "old new", "new new"].index)  # never back again
    assert len(seen) > 40


def flash(port: str, *options: str) -> Result:
    environment = {"PRESSLIGHT_WIFI_PASSWORD": "wifiword", "PRESSLIGHT_BROKER": None}
    return CliRunner().invoke(app, ["flash", "--port", port, "--watch", "0", *options], env=environment)


@pytest.fixture(scope="module")
def old_flash(micropython: Command, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The flash of a chip with the old lamp."""
    folder = tmp_path_factory.mktemp("old")
    with pytest.MonkeyPatch.context() as patch, pretended_chip(micropython, folder) as chip:
        patch.setattr(flash_plan, "FIRMWARE", make_small_firmware(folder / "firmware"))
        assert flash(chip.port, *LIGHT).exit_code == 0
        assert chip.boot().runs == "old"
    return (folder / "chip.flash").read_bytes()


@pytest.fixture
def chip(micropython: Command, small_firmware: Path, tmp_path: Path, old_flash: bytes) -> Iterator[PretendedChip]:
    """A chip with the old lamp; the new one is ready here."""
    (tmp_path / "chip.flash").write_bytes(old_flash)
    (small_firmware / "lamp/__init__.py").write_text("VERSION = 'new'\n")
    made = PretendedChip(micropython, tmp_path)
    yield made
    made.unplug()


BY_NIGHT = pytest.mark.nightly  # a second each; the cut at every write is a test of its own


@pytest.mark.parametrize("writes", [pytest.param(2, marks=BY_NIGHT), 8, pytest.param(15, marks=BY_NIGHT)])
def test_cable_that_is_pulled_leaves_a_lamp_that_starts(chip: PretendedChip, writes: int) -> None:
    assert chip.plug(writes=writes).runs == "old"
    assert refused(flash(chip.port))
    chip.unplug()
    boot = chip.plug()
    assert (boot.runs in ("old", "new"), boot.error) == (True, None)
    assert flash(chip.port).exit_code == 0
    assert chip.boot().runs == "new"


@pytest.mark.parametrize("step", [pytest.param(step, marks=() if step == 3 else BY_NIGHT) for step in range(1, 6)])
def test_mpremote_that_is_killed_leaves_a_lamp_that_starts(
    chip: PretendedChip, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chip.plug()
    whole, calls = tool.run_program, []

    async def killed(command: tuple[str, ...], port: str, limit_s: float) -> str:
        calls.append(command)
        return await whole(command, port, limit_s if len(calls) <= step else 0)

    with monkeypatch.context() as patch:
        patch.setattr(tool, "run_program", killed)
        assert "does not answer" in refused(flash(chip.port))
    chip.unplug()
    boot = chip.plug()
    assert (boot.runs, boot.error) == ("old" if step < 5 else "new", None)
    assert flash(chip.port).exit_code == 0
    assert chip.boot().runs == "new"
