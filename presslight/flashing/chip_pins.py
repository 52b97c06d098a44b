"""GPIOs of each chip of the ESP32 family: usable for lamp and button, usable with a warning, or refused.

Source: Espressif's documentation of the GPIOs, and MicroPython's pin tables.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from presslight.contract.errors import Invalid
from presslight.flashing.esp_image import Chip

OPTIONS = {"lamp": "--led-pin", "button": "--button-pin"}


class Pins(NamedTuple):
    """The GPIOs of a chip by function. `lamp` and `button`: the defaults."""

    all: Collection[int]
    flash: Collection[int]
    strapping: Collection[int]
    usb: Collection[int] = ()
    serial: Collection[int] = ()
    input_only: Collection[int] = ()
    """No output and no pull-up: neither lamp nor button works on them."""

    lamp: int = 4
    button: int = 0
    free: int = 4
    """One that usual boards leave free, and that is not sampled at reset."""


PINS = {
    "esp32": Pins(
        [*range(24), *range(25, 28), *range(32, 40)],
        range(6, 12),
        (0, 2, 5, 12, 15),
        serial=(1, 3),
        input_only=range(34, 40),
        lamp=2,
        free=25,
    ),
    "esp32s2": Pins([*range(22), *range(26, 47)], range(26, 33), (0, 45, 46), (19, 20), (43, 44), (46,)),
    "esp32s3": Pins([*range(22), *range(26, 49)], range(26, 33), (0, 3, 45, 46), (19, 20), (43, 44)),
    "esp32c2": Pins(range(21), range(11, 18), (8, 9), serial=(19, 20), button=9),
    "esp32c3": Pins(range(22), range(12, 18), (2, 8, 9), (18, 19), (20, 21), button=9),
    "esp32c5": Pins(range(29), range(16, 23), (2, 3, 7, *range(25, 29)), (13, 14), (11, 12), button=28),
    "esp32c6": Pins(range(31), range(24, 31), (4, 5, 8, 9, 15), (12, 13), (16, 17), lamp=2, button=9, free=2),
    "esp32p4": Pins(range(55), (), range(34, 39), (24, 25), (37, 38), button=35),
}
"""Pins by chip name. The button's default is the BOOT button of most boards; the classic ESP32's lamp is the LED."""


def choose_pins(chip: Chip, lamp: int | None, button: int | None) -> dict[str, int]:
    """The pins of lamp and button: as chosen, else the chip's default."""
    pins = PINS[chip.name]
    return {"lamp": pins.lamp if lamp is None else lamp, "button": pins.button if button is None else button}


def check_pins(chip: Chip, chosen: Mapping[str, int], known: Collection[int] | None = None) -> None:
    """Raise Invalid for an unusable pin. `known`: the pins that MicroPython on the board accepts; None: not asked."""
    pins = PINS[chip.name]
    for use, pin in chosen.items():
        if pin in pins.flash:
            why = "carries the flash with all its programs"
        elif pin in pins.usb:
            why = "carries its USB"
        elif pin in pins.input_only:
            why = "is an input without a pull-up: neither a lamp nor a button works on it"
        elif pin not in pins.all or (known is not None and pin not in known):
            why = "does not exist on this board"
        else:
            continue
        raise Invalid(f"GPIO {pin} of the {chip.name} ({OPTIONS[use]}) {why}; GPIO {pins.free} is free")
    if chosen["lamp"] == chosen["button"]:
        raise Invalid("lamp and button cannot be on the same pin (--led-pin, --button-pin)")


def pin_warnings(chip: Chip, chosen: Mapping[str, int]) -> Iterator[str]:
    """One sentence for each usable pin with a side effect; default pins have none."""
    pins = PINS[chip.name]
    for use, pin in chosen.items():
        if pin == (pins.lamp if use == "lamp" else pins.button):
            continue
        if pin in pins.strapping:
            yield (
                f"GPIO {pin} of the {chip.name} ({OPTIONS[use]}) is read at its start: what pulls it then may keep it "
                f"from starting; GPIO {pins.free} is safe"
            )
        elif pin in pins.serial:
            yield f"GPIO {pin} of the {chip.name} ({OPTIONS[use]}) carries its serial line: the lamp flickers with it"
