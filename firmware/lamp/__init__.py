"""The firmware of a light: pure rules (no `machine`, no socket, time is a parameter) and thin shells around them."""

VERSION = "0.1.0"


def say(line: str) -> None:
    """Tell whoever watches the serial line (or the simulator's output)."""
    print(line)  # noqa: T201 -- the one place where the firmware prints
