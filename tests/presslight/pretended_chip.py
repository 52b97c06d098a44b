"""A chip on a port, for the real mpremote: MicroPython with a littlefs, behind a raw REPL on a pseudo-terminal."""

import json
import os
import subprocess
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from presslight.micropython import Command

SCRIPT = r"""
import json, os, sys

class Disk:
    def __init__(self):
        self.blocks = bytearray(64 * 4096)
    def readblocks(self, block, into, offset=0):
        start = block * 4096 + offset
        into[:] = self.blocks[start:start + len(into)]
    def writeblocks(self, block, content, offset=0):
        start = block * 4096 + offset
        self.blocks[start:start + len(content)] = content
    def ioctl(self, request, argument):
        return {4: 64, 5: 4096}.get(request, 0)

class Machine:
    @staticmethod
    def reset():
        found = {}
        folders = [""]
        for folder in folders:
            for name, kind, *_ in os.ilistdir("/flash/" + folder):
                if kind == 0x4000:
                    folders.append(folder + name + "/")
                else:
                    with open(folder + name) as file:
                        found[folder + name] = file.read()
        sys.stderr.write(json.dumps(found) + "\n")

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

disk = Disk()
os.VfsLfs2.mkfs(disk)
os.mount(os.VfsLfs2(disk), "/flash")
os.chdir("/flash")
sys.modules["machine"] = Machine
say = sys.stdout.buffer.write
prompt = b"raw REPL; CTRL-B to exit\r\n>"
names = {}
sys.stderr.write("ready\n")
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
"""


class PretendedChip:
    """`port` is where mpremote finds it."""

    def __init__(self, port: str, told: IO[str]) -> None:
        self.port = port
        self._told = told

    def reset(self) -> dict[str, str]:
        """Wait until it resets; gives the files that it has then, by path."""
        files: dict[str, str] = json.loads(self._told.readline())
        return files


@contextmanager
def pretended_chip(micropython: Command, folder: Path) -> Iterator[PretendedChip]:
    """A chip that has MicroPython and no files."""
    (folder / "chip.py").write_text(SCRIPT)
    inside, port = os.openpty()
    tty.setraw(port)
    with subprocess.Popen(
        [*micropython, str(folder / "chip.py")], stdin=inside, stdout=inside, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr
            assert process.stderr.readline() == "ready\n"
            yield PretendedChip(os.ttyname(port), process.stderr)
        finally:
            process.kill()
            os.close(inside)
            os.close(port)
