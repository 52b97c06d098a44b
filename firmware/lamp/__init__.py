"""The firmware of a light: pure rules (no `machine`, no socket, time is a parameter) and thin shells around them."""

VERSION = "0.1.0"
MAX_SMALL = (1 << 30) - 1
"""The largest whole number on the wire, and one that takes no memory on the chip."""

alive = bytearray(b"\x0f")
"""Who was heard since the watchdog was fed, a bit each. 1: the button's task. 2: the flash's. 4: the session's. 8: its
reader's.
"""


def say(line: str) -> None:
    """Tell whoever watches the serial line (or the simulator's output)."""
    print(line)  # noqa: T201 -- the one place where the firmware prints
