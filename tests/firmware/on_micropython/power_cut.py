"""The record on a real littlefs whose flash loses power at the k-th write, for every k. Prints what was found then.

Each life takes an epoch, as the firmware does, and then keeps a new brightness; the power dies in any write of either.
Each line: the write it died in, the brightness before, the one to be written, the one that the next boot found; the
epoch that this life could tell of (0: it died before), and that of the next boot.
"""

# ruff: noqa: T201 -- a script prints
# mypy: ignore-errors

import os

import vfs

from lamp import flash, record
from lamp.flash import Flash

BLOCK = 4_096
BLOCKS = 16
ROUNDS = 400


class PowerCut(Exception):
    """The power is gone."""


class Medium:
    """Flash of a chip: bytes that can be written once after each erase. After `lives` writes it has no power."""

    def __init__(self) -> None:
        self.lives = -1
        self.cells = bytearray(b"\xff" * (BLOCK * BLOCKS))

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        start = block * BLOCK + offset
        buffer[:] = self.cells[start : start + len(buffer)]

    def writeblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        start = block * BLOCK + offset
        written = bytes(buffer)
        if self._is_last():  # half of it gets there
            written = written[: len(written) // 2]
        self.cells[start : start + len(written)] = written
        if self.lives == 0:
            raise PowerCut

    def ioctl(self, request: int, argument: int) -> "int | None":
        if request == 4:
            return BLOCKS
        if request == 5:
            return BLOCK
        if request == 6:
            if self._is_last():
                raise PowerCut
            self.cells[argument * BLOCK : (argument + 1) * BLOCK] = b"\xff" * BLOCK
        return 0

    def _is_last(self) -> bool:
        self.lives -= 1
        return self.lives == 0


def boot(medium: Medium) -> Flash:
    """Give the record as the next boot finds it."""
    medium.lives = -1
    vfs.mount(vfs.VfsLfs2(medium), "/flash")
    os.chdir("/flash")
    return Flash()


def shut() -> None:
    """Take the flash away."""
    os.chdir("/")
    vfs.umount("/flash")


def live(kept: Flash, brightness: int) -> object:
    """A boot, which gives its epoch once that may be told, and then a change."""
    epoch, ceiling = record.next_epoch(kept.epoch, 0, kept.epoch)
    kept.keep(ceiling, kept.output)
    yield epoch
    kept.keep(ceiling, (True, brightness))


def cut(medium: Medium, death: int) -> bool:
    """Let the power die in the `death`-th write of a life; say what the next boot found. False: it lived on."""
    kept = boot(medium)
    old = kept.output[1]
    new = old % 255 + 1
    told = 0
    medium.lives = death
    try:
        for epoch in live(kept, new):
            told = epoch
    except PowerCut:
        pass
    lived = medium.lives > 0
    shut()
    after = boot(medium)
    print(death, old, new, after.output[1], told, after.epoch + 1)
    shut()
    return not lived


def main() -> None:
    """Cut the power in each write of many states, so that littlefs also has blocks to erase and to move."""
    medium = Medium()
    vfs.VfsLfs2.mkfs(medium)
    boot(medium).keep(1, (True, 1))
    shut()
    for _ in range(ROUNDS):
        death = 1
        while cut(medium, death):
            death += 1


flash.say = lambda line: None
main()
