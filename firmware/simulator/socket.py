"""Stand-in for the unix port: do not upload. The chip's `socket`, and what it does while Wi-Fi is away.

While the access point is away, nothing is read from the kernel's socket and nothing is written to it. What the firmware
writes waits in a send buffer of the chip's size, a connect waits as if its SYN had to be sent again, a close keeps its
FIN back. All of it goes out when the access point returns, and what the peer sent meanwhile comes in at once.

On real Wi-Fi the peer's bytes wait at the peer, for its retransmission timer: they come seconds later, or never if it
gave up. And a power cut sends no FIN, where here the kernel sends one for each process that ends.

It has what the firmware uses and no more: what is here takes room in the firmware's heap, where the chip has it in ROM.
"""
# ruff: noqa: D102 -- the chip's own names, which its documentation explains

import errno
import io
import os
import select

from air import air
from network import servers
from usocket import AF_INET, SOCK_DGRAM, SOCK_STREAM  # noqa: F401 -- of the module behind this one
from usocket import getaddrinfo as resolve
from usocket import socket as Kernel  # noqa: N812 -- a class; on MicroPython its name is in lower case

IPPROTO_TCP = 6  # the unix port names neither this nor the next
TCP_NODELAY = 1

SEND_BUFFER = 5760
LATE = "socket-%d.late"

_open = []


def place(address: tuple) -> bytes:
    """Give the kernel's address. Name and time servers have other ports here; the first name server is mDNS, too."""
    host, port = address
    if port == 123:
        port = int(os.getenv("TIME_SERVER_PORT") or 123)
    if port in (53, 5353):
        host = servers[0] if port == 5353 else host
        port = int(servers[-1])
    if not host.replace(".", "").isdigit():
        raise OSError(-202)  # EAI_FAIL; the chip would look it up, and nothing else would go on meanwhile
    return resolve(host, port)[0][4]


class socket(io.IOBase):  # noqa: N801 -- the chip's name
    """A non-blocking socket of the kernel's, which falls silent while Wi-Fi is away."""

    def __init__(self, *kind: int) -> None:
        self._kernel = Kernel(*kind)
        self._poller = select.poll()
        self._poller.register(self._kernel, select.POLLIN)
        self._late_address = None
        self._late_file = LATE % id(self)  # what is written late waits outside of the heap, as on the chip
        self._late = 0
        self._late_sent = 0
        self._is_closed = False
        _open.append(self)

    def setblocking(self, value: bool) -> None:
        self._kernel.setblocking(value)

    def setsockopt(self, *settings: int) -> None:
        self._kernel.setsockopt(*settings)

    def connect(self, address: tuple) -> None:
        address = place(address)
        if air.is_lost():
            raise OSError(errno.EHOSTUNREACH)
        if air.is_silent():
            self._late_address = address
            raise OSError(errno.EINPROGRESS)
        self._kernel.connect(address)

    def readinto(self, room: bytearray) -> "int | None":
        return None if air.is_silent() else self._kernel.readinto(room)

    def recv(self, most: int) -> bytes:
        if air.is_silent():
            raise OSError(errno.EAGAIN)
        return self._kernel.recv(most)

    def sendto(self, content: bytes, address: tuple) -> None:
        if not air.is_silent():
            self._kernel.sendto(content, place(address))

    def write(self, content: bytes) -> "int | None":
        if air.is_silent():
            return self._keep(content)
        if self._late:
            self._send_late()
        return None if self._late else self._kernel.write(content)

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            if not air.is_silent():
                self._close_kernel()

    def ioctl(self, request: int, value: int) -> int:
        """Answer what `select` and `tls` ask of a stream. One without a file number is asked each ms if it is ready."""
        if request == 10 and not air.is_silent():
            return self._kernel.fileno()
        if request == 3:  # whether it is ready
            return self._readiness(value)
        if request == 4:
            self.close()
            return 0
        return -errno.EINVAL

    def _readiness(self, events: int) -> int:
        if not air.is_silent():
            self._poller.modify(self._kernel, events)
            for _, ready in self._poller.ipoll(0):
                return ready
        return 0

    def _keep(self, content: bytes) -> "int | None":
        kept = min(len(content), SEND_BUFFER - self._late)
        if not kept:
            return None
        with open(self._late_file, "ab" if self._late else "wb") as file:
            file.write(memoryview(content)[:kept])
        self._late += kept
        return kept

    def catch_up(self) -> None:
        """Do what waited for the access point."""
        if self._late_address:
            self._connect_late()
        if self._late:
            self._send_late()
        if self._is_closed:
            self._close_kernel()

    def _connect_late(self) -> None:
        address, self._late_address = self._late_address, None
        try:
            self._kernel.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                self._forget_late()  # refused: whoever waits for this socket finds out by itself

    def _send_late(self) -> None:
        try:
            with open(self._late_file, "rb") as file:
                file.seek(self._late_sent)
                while piece := file.read(128):
                    sent = self._kernel.write(piece) or 0
                    self._late_sent += sent
                    if sent < len(piece):
                        return
        except OSError:
            pass  # the peer gave this link up: whoever reads from it finds out by itself
        self._forget_late()

    def _forget_late(self) -> None:
        if self._late:
            os.remove(self._late_file)
        self._late = self._late_sent = 0

    def _close_kernel(self) -> None:
        self._forget_late()
        _open.remove(self)
        self._kernel.close()


def _catch_up() -> None:
    for each in tuple(_open):
        each.catch_up()


air.on_return(_catch_up)
