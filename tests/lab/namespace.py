"""Networks of this process alone: one lives while somebody is in it or holds it, so none can be left behind."""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNET = 0x4000_0000
TUN = Path("/dev/net/tun")
TUNSETIFF = 0x4004_54CA
IFF_TUN_NO_PI = 0x1001
IFF_UP = 0x1
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFDSTADDR = 0x8914, 0x8916, 0x8918


class Namespace:
    """A network namespace with nothing but a loopback interface. Raises OSError where that is not permitted."""

    def __init__(self) -> None:
        with ThreadPoolExecutor(1) as thread:  # a thread may leave the common namespace without the others
            self.fd = thread.submit(_unshared).result()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """The sockets and processes that this thread makes meanwhile belong to this namespace."""
        here = _current()
        try:
            _call("setns", self.fd, CLONE_NEWNET)
            yield
        finally:
            _call("setns", here, CLONE_NEWNET)
            os.close(here)

    def open_tun(self, address: str, peer: str) -> int:
        """Give it a way out to `peer`: a file, at which its packets are read and written."""
        with self.entered():
            fd = os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN_NO_PI))
                _configure(b"tun0", address, peer)
            except BaseException:
                os.close(fd)
                raise
        return fd

    def close(self) -> None:
        """Let go of it."""
        os.close(self.fd)


def is_permitted() -> bool:
    """Whether this process may make namespaces with a way between them."""
    try:
        space = Namespace()
    except OSError:
        return False
    try:
        os.close(space.open_tun("10.77.0.1", "10.77.0.2"))
    except OSError:
        return False
    finally:
        space.close()
    return True


def _unshared() -> int:
    _call("unshare", CLONE_NEWNET)
    _up(b"lo")
    return _current()


def _current() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _configure(name: bytes, address: str, peer: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for request, ip in ((SIOCSIFADDR, address), (SIOCSIFDSTADDR, peer)):
            where = struct.pack("16sHH4s16x", name, socket.AF_INET, 0, socket.inet_aton(ip))
            fcntl.ioctl(any_socket, request, where)
    _up(name)


def _up(name: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", name, IFF_UP))


def _call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
