"""A new chip on a port: the boot loader, until an image is written, then MicroPython.

`esp32-mock-bootloader` answers the real esptool. A real port has the lines DTR and RTS, by which esptool puts the chip
into its boot loader and resets it at the end; a pseudo-terminal has none, and esptool warns of it. So this chip is in
its boot loader from the start, and takes for the reset that esptool closes the port after it has written an image.
"""

import os
import select
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from esp32_mock_bootloader.server import BootloaderConnection, FlashImage, PtyMasterTransport, handle_client

from presslight.flashing.esp_image import CHIPS, MAGIC
from presslight.micropython import Command
from tests.presslight.pretended_chip import PretendedChip

ESP32 = CHIPS[0]
TICK_S = 0.05


class Flash(FlashImage):  # type: ignore[misc]  # its library has no types
    """`on`: called with each step of the boot loader's, `erase` or `write`, once that is done."""

    def __init__(self) -> None:
        super().__init__()
        self.on: Callable[[str], None] = lambda _: None

    def erase_all(self) -> None:
        super().erase_all()
        self.on("erase")

    def write_defl_block(self, payload: bytes) -> None:
        super().write_defl_block(payload)
        self.on("write")


class NewChip:
    """Its port, the flash that esptool wrote, and the chip that it is once it has an image.

    `deaf_to`: how many bytes it loses while it starts for the first time and formats its flash. `image`: what has to be
    on the flash for it to start; none: what begins as an image does.
    """

    def __init__(self, micropython: Command, folder: Path, *, deaf_to: int = 0, image: bytes = bytes([MAGIC])) -> None:
        self.chip = PretendedChip(micropython, folder)
        self.flash = Flash()
        self._image = image
        self.resets = 0
        self._deaf_to = deaf_to
        self._inside, port = os.openpty()
        tty.setraw(port)
        self.port = os.ttyname(port)
        self._first: int | None = port  # open until esptool has opened it
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, name="new chip")

    def start(self) -> None:
        """Wait for esptool, as a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Take its power away."""
        self._stop.set()
        self._thread.join()
        if self._first is not None:
            os.close(self._first)
        self.chip.unplug()

    def _live(self) -> None:
        while not self._stop.is_set() and not self._has_image():
            self._load()
        if self._stop.is_set():
            os.close(self._inside)
            return
        port = self._open()
        lost = 0
        while lost < self._deaf_to:
            if self._stop.is_set():
                os.close(self._inside)
                os.close(port)
                return
            if select.select([self._inside], [], [], TICK_S)[0]:
                lost += len(os.read(self._inside, 1))
        self.chip.wire(self._inside, port)

    def _load(self) -> None:
        """Be the boot loader for whoever opens the port next, until it closes it."""
        port = self._first if self._first is not None else self._open()
        self._first = None
        terminal = PtyMasterTransport(self._inside, port, track_disconnect=True)
        handle_client(
            BootloaderConnection(pty=terminal), self._stop, ESP32.name, exit_on_disconnect=True, flash=self.flash
        )
        terminal._release_slave()
        if not self._stop.is_set():
            self.resets += 1

    def _open(self) -> int:
        return os.open(self.port, os.O_RDWR | os.O_NOCTTY)

    def _has_image(self) -> bool:
        return bool(self.flash.read(int(ESP32.offset, 16), len(self._image)) == self._image)


@contextmanager
def new_chip(
    micropython: Command, folder: Path, *, deaf_to: int = 0, image: bytes = bytes([MAGIC])
) -> Iterator[NewChip]:
    """A chip as it comes from the shop, plugged in."""
    chip = NewChip(micropython, folder, deaf_to=deaf_to, image=image)
    chip.start()
    try:
        yield chip
    finally:
        chip.stop()
