"""What names MicroPython knows before and after a press: it keeps each for ever, and may take 7 kB for the next one."""
# mypy: ignore-errors

import micropython

from lamp.command import VALID, Command

PRESS = b'{"state":"ON","brightness":7,"key":"%s-%s","not_after":{"boot":"%s","up":9}}'


def read(*parts: bytes) -> None:
    """Read a press."""
    text = memoryview(PRESS % parts)
    if command.read(text, 0, len(text)) != VALID:
        raise AssertionError(parts)


command = Command()
read(b"0" * 16, b"1", b"0" * 8)
micropython.qstr_info()
read(b"0123456789abcdef", b"234567890", b"89abcdef")
micropython.qstr_info()
