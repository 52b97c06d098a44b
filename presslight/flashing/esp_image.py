"""A firmware image for an ESP32: which MicroPython it is, for which chip of the family, where on its flash it belongs.

The format is Espressif's application image: magic byte, then the extended header with the chip's number. MicroPython's
version stands in it as the text of its banner.
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
"""Where MicroPython begins on the flash of every chip."""

OLDEST = (1, 23)
"""The MicroPython that the firmware needs: older ones lack `TCP_NODELAY` and `WLAN.IF_STA`."""
_BANNER = re.compile(rb"MicroPython v(\d+)\.(\d+)")


class Chip(NamedTuple):
    """A chip as esptool names it, and the address where its flash begins with the boot loader."""

    name: str
    offset: str

    @property
    def board(self) -> str:
        """What MicroPython's download page calls a board with nothing but this chip."""
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
"""By the number in the image's header; MicroPython's own list of ports and offsets."""


def chip_named(name: str) -> Chip | None:
    """The chip that MicroPython or esptool calls so (`ESP32-C3FH4`, `ESP32-D0WDQ6`); None: unknown here."""
    found = re.match(r"ESP32-?([CPSH]\d)?", name)
    known = found and "esp32" + (found[1] or "").lower()
    return next((chip for chip in CHIPS.values() if chip.name == known), None)


def chip_of(image: Path) -> Chip:
    """The chip that `image` is made for. Raises Invalid for what is no image, or for a chip unknown here."""
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
        raise Invalid(f"{printable(image)} is for a chip that presslight does not know (number {number})")
    return CHIPS[number]


def check_version(image: Path) -> None:
    """Raise Invalid for a MicroPython that is too old; one that does not tell its version is asked once it runs."""
    found = _BANNER.search(image.read_bytes())
    if found and (version := (int(found[1]), int(found[2]))) < OLDEST:
        raise Invalid(
            f"{printable(image)} is MicroPython {dotted(version)}, and the firmware needs {dotted(OLDEST)} or newer"
        )


def check_whole(image: Path) -> None:
    """Raise Invalid where the image's own SHA-256 says that it is not whole: the boot loader's, and the program's."""
    content = image.read_bytes()
    for start in (0, PROGRAM_AT - int(chip_of(image).offset, 16)):
        if content[start : start + 1] == bytes([MAGIC]) and not _is_whole(content[start:]):
            raise Invalid(f"{printable(image)} is damaged, or its download was cut: fetch it again")


def check_sha256(image: Path, wanted: str) -> None:
    """Raise Invalid for an image whose SHA-256 is not the one that was made known (hex digits)."""
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
    end += 16 - end % 16  # its last byte is a sum of all
    return hashlib.sha256(content[:end]).digest() == content[end : end + 32]


def dotted(version: tuple[int, ...]) -> str:
    """Write a version as people do."""
    return ".".join(map(str, version))
