"""A chip on a port, for the real mpremote: MicroPython with a littlefs, behind a raw REPL on a pseudo-terminal.

It differs from an ESP32 in this: nothing runs while the raw REPL listens (a lamp has ended by then), a reset keeps the
port, and the lines DTR and RTS, which a pseudo-terminal lacks, reset nothing.
"""

import json
import os
import subprocess
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from presslight.micropython import Command

SCRIPT = r"""
import json, os, sys

PLACE = sys.argv[1] + "/chip.flash"
with open(sys.argv[1] + "/chip.json") as file:
    ABOUT = json.load(file)
SIZE = 64 * 4096

class Disk:
    # The chip's flash, in a file. The power fails at the write that is counted to 0.
    def __init__(self):
        self.left = ABOUT["writes"]
        try:
            self.file = open(PLACE, "r+b")
            self.is_new = False
        except OSError:
            self.file = open(PLACE, "w+b")
            self.file.write(bytes(SIZE))
            self.is_new = True
    def readblocks(self, block, into, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.readinto(into)
    def writeblocks(self, block, content, offset=0):
        self.left -= 1
        if self.left == 0:
            sys.exit(1)
        self.file.seek(block * 4096 + offset)
        self.file.write(content)
    def ioctl(self, request, argument):
        if request == 3:
            self.file.flush()
        return {4: SIZE // 4096, 5: 4096}.get(request, 0)

class Reset(BaseException):
    pass

class Machine:
    feeds = []
    @staticmethod
    def reset():
        raise Reset
    @staticmethod
    def unique_id():
        return bytes([0x24, 0x0A, 0xC4, 0, 0, ABOUT["number"]])
    @staticmethod
    def Pin(number):
        if number not in ABOUT["pins"]:
            raise ValueError("invalid pin")
    class WDT:
        def __init__(self, timeout):
            Machine.feeds.append(timeout)

class Implementation:
    name = "micropython"
    version = tuple(ABOUT["version"])
    _machine = ABOUT["machine"]

class Sys:
    platform = ABOUT["platform"]
    implementation = Implementation
    def __getattr__(self, name):
        return getattr(sys, name)

def files():
    found = {}
    folders = [""]
    for folder in folders:
        for name, kind, *_ in os.ilistdir("/flash/" + folder):
            if kind == 0x4000:
                folders.append(folder + name + "/")
            else:
                with open(folder + name) as file:
                    found[folder + name] = file.read()
    return found

def boot():
    sys.path[:] = ["", "/lib"]
    for name in list(sys.modules):
        if name == "lamp" or name.startswith("lamp."):
            del sys.modules[name]
    names = {"__name__": "__main__"}
    error = None
    try:
        with open("main.py") as file:
            exec(file.read(), names)
    except Exception as raised:
        error = repr(raised)
        sys.print_exception(raised)
    lamp = sys.modules.get("lamp")
    tell = {"runs": getattr(lamp, "VERSION", None), "error": error, "files": files(), "watchdog": Machine.feeds}
    sys.stderr.write(json.dumps(tell) + "\n")

def until(end):
    typed = b""
    while not typed.endswith(end):
        typed += sys.stdin.buffer.read(1)
    return typed[:-1]

def run(code, names):
    say(b"OK")
    try:
        exec(code, names)
        say(b"\x04\x04>")
    except Exception as error:
        say(b"\x04")
        sys.print_exception(error)
        say(b"\x04>")

def listen():
    names = {}
    while True:
        key = sys.stdin.buffer.read(1)
        if key == b"\x01":
            say(prompt)
        elif key == b"\x04":
            names = {}
            say(b"OK\r\nMPY: soft reboot\r\n" + prompt)
        elif key == b"\x05":
            sys.stdin.buffer.read(2)
            say(b"R\x00")
        elif key not in b"\r\x02\x03":
            run(key + until(b"\x04"), names)

disk = Disk()
if disk.is_new:
    os.VfsLfs2.mkfs(disk)
os.mount(os.VfsLfs2(disk), "/flash")
os.chdir("/flash")
sys.modules["machine"] = Machine
sys.modules["sys"] = Sys()
say = sys.stdout.buffer.write
prompt = b"raw REPL; CTRL-B to exit\r\n>"
while True:
    boot()
    try:
        listen()
    except Reset:
        pass
"""


@dataclass(frozen=True)
class Boot:
    """What a chip tells at its start: the VERSION of the lamp that runs, what kept it, and its files by path.

    `watchdog`: each timeout (ms) that was asked for since the power came.
    """

    runs: str | None
    error: str | None
    files: dict[str, str]
    watchdog: list[int]


class PretendedChip:
    """A chip with MicroPython. Its flash outlives `unplug`; `port` is where it is between `plug` and that.

    `about` is what it says of itself: version, platform, machine, number (of its identity), pins.
    """

    def __init__(self, micropython: Command, folder: Path, **about: Any) -> None:
        self.port = ""
        self._folder = folder
        self._command = [*micropython, str(folder / "chip.py"), str(folder)]
        self._about = {
            "version": (1, 24, 1),
            "platform": "esp32",
            "machine": "Generic ESP32 module with ESP32",
            "number": 1,
            "pins": [*range(24), *range(25, 28), *range(32, 40)],
            "writes": 0,
            **about,
        }
        (folder / "chip.py").write_text(SCRIPT)

    def plug(self, *, writes: int = 0) -> Boot:
        """Give it power, which fails at the write of a block that is `writes` away (0: it does not fail)."""
        inside, port = os.openpty()
        tty.setraw(port)
        self.wire(inside, port, writes=writes)
        return self.boot()

    def wire(self, inside: int, port: int, *, writes: int = 0) -> None:
        """Give it power on a terminal that is there already, and which it closes in the end."""
        self._port = port
        self.port = os.ttyname(port)
        (self._folder / "chip.json").write_text(json.dumps({**self._about, "writes": writes}))
        self._process = subprocess.Popen(
            self._command, stdin=inside, stdout=inside, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        os.close(inside)  # now a chip that dies takes its port with it

    def boot(self) -> Boot:
        """Wait until it starts, after `plug` or a reset."""
        assert self._process.stderr
        return Boot(**json.loads(self._process.stderr.readline()))

    def unplug(self) -> None:
        """Take its power and its port away."""
        if not self.port:
            return
        self.port = ""
        self._process.kill()
        self._process.wait()
        assert self._process.stderr
        self._process.stderr.close()
        os.close(self._port)


@contextmanager
def pretended_chip(micropython: Command, folder: Path, **about: Any) -> Iterator[PretendedChip]:
    """A chip that has MicroPython and no files, plugged in."""
    chip = PretendedChip(micropython, folder, **about)
    chip.plug()
    try:
        yield chip
    finally:
        chip.unplug()
