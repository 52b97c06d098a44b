"""Reads a QR code from what a terminal was sent, as a camera would: by its colours, not by the program that drew it."""

import re

import zxingcpp

DRAWN = re.compile(r"\x1b\[([0-9;]+)m([▀▄█ ]{20,})\x1b\[0m")
BLACK = {"38;2;0;0;0", "38;5;16", "30"}
WHITE = {"48;2;255;255;255", "48;5;231", "107"}
DARK_HALVES = {"▀": (1, 0), "▄": (0, 1), "█": (1, 1), " ": (0, 0)}
SCALE = 4


def read(shown: str) -> list[str]:
    """The texts of the QR codes in it. Each line of one must be black on white by colours of its own."""
    rows: list[bytes] = []
    for colours, line in DRAWN.findall(shown):
        assert colours in {f"{black};{white}" for black in BLACK for white in WHITE}
        halves = [DARK_HALVES[character] for character in line]
        rows += [bytes(0 if half[which] else 255 for half in halves for _ in range(SCALE)) for which in (0, 1)]
    return seen([row for row in rows for _ in range(SCALE)]) if rows else []


def seen(picture: list[bytes]) -> list[str]:
    pixels = memoryview(b"".join(picture)).cast("B", (len(picture), len(picture[0])))
    return [code.text for code in zxingcpp.read_barcodes(pixels)]
