"""A MicroPython image for an ESP32: its version, its chip, and its offset in the flash.

The format is Espressif's application image: a magic byte, then the extended header with the chip's number.
MicroPython's version is in the text of its banner.
"""

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from presslight.contract.errors import Invalid, printable

MAGIC = 0xE9
CHIP_AT = 12
HEADER_BYTES = 24
HASH_FLAG_AT = 23
SEGMENT_HEADER_BYTES = 8
PROGRAM_AT = 0x10000
"""The offset of MicroPython in the flash of every chip."""

OLDEST = (1, 23)
"""The oldest MicroPython for the firmware: older ones lack `TCP_NODELAY` and `WLAN.IF_STA`."""
_BANNER = re.compile(rb"MicroPython v(\d+)\.(\d+)")


class Chip(NamedTuple):
    """A chip by esptool's name, and the offset of the boot loader in its flash."""

    name: str
    offset: str

    @property
    def board(self) -> str:
        """MicroPython's name of the generic board with this chip."""
        variant = self.name.removeprefix("esp32").upper()
        return f"ESP32_GENERIC_{variant}" if variant else "ESP32_GENERIC"


CHIPS = {
    0: Chip("esp32", "0x1000"),
    2: Chip("esp32s2", "0x1000"),
    5: Chip("esp32c3", "0x0"),
    9: Chip("esp32s3", "0x0"),
    12: Chip("esp32c2", "0x0"),
    13: Chip("esp32c6", "0x0"),
    18: Chip("esp32p4", "0x2000"),
    23: Chip("esp32c5", "0x2000"),
}
"""Chips by the number in the image's header, with MicroPython's offsets."""


def chip_named(name: str) -> Chip | None:
    """The chip of a name that MicroPython or esptool prints (`ESP32-C3FH4`, `ESP32-D0WDQ6`); None: unknown here."""
    found = re.match(r"ESP32-?([CPSH]\d)?", name)
    known = found and "esp32" + (found[1] or "").lower()
    return next((chip for chip in CHIPS.values() if chip.name == known), None)


def chip_of(image: Path) -> Chip:
    """The chip of `image`. Raises Invalid for another file and for an unknown chip."""
    try:
        with image.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except OSError as error:
        raise Invalid(f"the image {printable(image)} cannot be read: {error.strerror}") from error
    if len(header) < HEADER_BYTES or header[0] != MAGIC:
        raise Invalid(
            f"{printable(image)} is no image for an ESP32 (MicroPython's download page has them, ending in .bin)"
        )
    number = int.from_bytes(header[CHIP_AT : CHIP_AT + 2], "little")
    if number not in CHIPS:
        raise Invalid(f"{printable(image)} is for a chip unknown to presslight (number {number})")
    return CHIPS[number]


def check_version(image: Path) -> None:
    """Raise Invalid for a MicroPython that is too old; one without a banner is asked once it runs."""
    found = _BANNER.search(image.read_bytes())
    if found and (version := (int(found[1]), int(found[2]))) < OLDEST:
        raise Invalid(
            f"{printable(image)} is MicroPython {dotted(version)}, and the firmware needs {dotted(OLDEST)} or newer"
        )


def check_whole(image: Path) -> None:
    """Raise Invalid where the embedded SHA-256 of the boot loader or of the program does not match."""
    content = image.read_bytes()
    for start in (0, PROGRAM_AT - int(chip_of(image).offset, 16)):
        if content[start : start + 1] == bytes([MAGIC]) and not _is_whole(content[start:]):
            raise Invalid(f"{printable(image)} is damaged, or its download was cut: fetch it again")


def check_sha256(image: Path, wanted: str) -> None:
    """Raise Invalid where the image's SHA-256 is not `wanted` (64 hex digits)."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", wanted):
        raise Invalid("an image's SHA-256 (--firmware-sha256) is 64 hex digits")
    if (found := sha256_of(image)) != wanted.lower():
        raise Invalid(
            f"{printable(image)} is another image than the one that you were told of: its SHA-256 is {found} "
            "(--firmware-sha256)"
        )


def sha256_of(image: Path) -> str:
    """The SHA-256 of the whole file, in hex, as `sha256sum` gives it."""
    return hashlib.sha256(image.read_bytes()).hexdigest()


def _is_whole(content: bytes) -> bool:
    """Walk over the segments to the hash; True as well for an image without one."""
    if content[HASH_FLAG_AT] != 1:
        return True
    end = HEADER_BYTES
    for _ in range(content[1]):
        end += SEGMENT_HEADER_BYTES + int.from_bytes(content[end + 4 : end + 8], "little")
    end += 16 - end % 16  # the last byte is a checksum
    return hashlib.sha256(content[:end]).digest() == content[end : end + 32]


def dotted(version: tuple[int, ...]) -> str:
    """Format a version as `1.23.0`."""
    return ".".join(map(str, version))
