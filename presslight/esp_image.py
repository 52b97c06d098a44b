"""A firmware image for an ESP32: for which chip of the family it is, and where on its flash it belongs.

The format is Espressif's application image: magic byte, then the extended header with the chip's number.
"""

from pathlib import Path
from typing import NamedTuple

from contract.errors import Invalid, printable

MAGIC = 0xE9
CHIP_AT = 12
HEADER_BYTES = 24


class Chip(NamedTuple):
    """A chip as esptool names it, and the address where its flash begins with the boot loader."""

    name: str
    offset: str


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
