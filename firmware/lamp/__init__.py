"""The firmware of a light: pure rules (no `machine`, no socket, time is a parameter) and thin shells around them."""

VERSION = "0.1.0"
MAX_SMALL = (1 << 30) - 1
"""The largest whole number on the wire, and one that takes no memory on the chip."""

alive = bytearray(b"\x0f")
"""Tasks that have run since the watchdog was fed, a bit each: 1 button, 2 flash, 4 session, 8 the session's reader."""


def say(line: str) -> None:
    """Print a line to the serial port (or the simulator's output)."""
    print(line)  # noqa: T201 -- the one place where the firmware prints
