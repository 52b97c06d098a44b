"""Check of a serial port: the reason why it cannot be opened now, in one sentence."""

import errno
import fcntl
import os

ABSENT = "there is no {port}: is the chip plugged in?"
IN_USE = "{port} is in use: close the program that has it open"
NOT_ALLOWED = "you may not use {port}: add yourself to the group that owns it (often dialout)"

_WORDS = {
    **dict.fromkeys((errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTDIR), ABSENT),
    **dict.fromkeys((errno.EACCES, errno.EPERM), NOT_ALLOWED),
    **dict.fromkeys((errno.EBUSY, errno.EAGAIN), IN_USE),
}
_TIOCGEXCL = 0x80045440
"""The ioctl that reads a terminal's exclusive mode (Linux), which Python does not name."""


def port_error(port: str) -> str | None:
    """The reason why the port cannot be opened; None without one, or for a name that is no path (`COM3`).

    esptool and mpremote print the same text for several reasons.
    """
    if not port.startswith("/"):
        return None
    try:
        opened = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        return _WORDS.get(error.errno or 0, f"{{port}} cannot be opened: {error.strerror}").format(port=port)
    try:
        return IN_USE.format(port=port) if _is_held(opened) else None
    finally:
        os.close(opened)


def _is_held(opened: int) -> bool:
    """Whether another program has it exclusively: by flock(2), as pyserial, or by TIOCEXCL."""
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    try:
        return any(fcntl.ioctl(opened, _TIOCGEXCL, bytes(4)))
    except OSError:  # no terminal, or no Linux
        return False
