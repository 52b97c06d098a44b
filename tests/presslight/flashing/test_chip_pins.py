"""Which pin may carry what, by chip."""

import re
from pathlib import Path

import pytest

from presslight.contract.errors import Invalid
from presslight.flashing.chip_pins import PINS, check_pins, choose_pins, pin_warnings
from presslight.flashing.esp_image import CHIPS, Chip, chip_named


@pytest.mark.parametrize("chip", CHIPS.values(), ids=lambda chip: chip.name)
def test_usual_pins_of_each_chip_work_and_are_no_surprise(chip: Chip) -> None:
    chosen = choose_pins(chip, None, None)
    check_pins(chip, chosen)
    assert list(pin_warnings(chip, chosen)) == []
    free = PINS[chip.name].free
    check_pins(chip, choose_pins(chip, free, None))
    assert list(pin_warnings(chip, choose_pins(chip, free, None))) == []


@pytest.mark.parametrize("chip", CHIPS.values(), ids=lambda chip: chip.name)
def test_pins_are_ones_that_the_chip_has(chip: Chip) -> None:
    pins = PINS[chip.name]
    for some in (pins.flash, pins.strapping, pins.usb, pins.serial, pins.input_only, (pins.free,)):
        assert set(some) <= set(pins.all)


@pytest.mark.parametrize(
    ("number", "pin", "says"),
    [
        *((0, pin, "carries the flash") for pin in range(6, 12)),
        *((0, pin, "without a pull-up") for pin in range(34, 40)),
        (0, 24, "does not exist"),
        (0, 48, "does not exist"),
        (2, 46, "without a pull-up"),
        (5, 12, "carries the flash"),
        (5, 18, "carries its USB"),
        (5, 22, "does not exist"),
        (9, 26, "carries the flash"),
        (9, 49, "does not exist"),
        (13, 24, "carries the flash"),
    ],
)
def test_pin_that_cannot_be_used_is_refused_for_lamp_and_button(number: int, pin: int, says: str) -> None:
    chip = CHIPS[number]
    with pytest.raises(Invalid, match=rf"GPIO {pin} of the {chip.name} \(--led-pin\) .*{says}"):
        check_pins(chip, choose_pins(chip, pin, None))
    with pytest.raises(Invalid, match=r"\(--button-pin\)"):
        check_pins(chip, choose_pins(chip, None, pin))


def test_pin_that_the_board_lacks_is_refused() -> None:
    with pytest.raises(Invalid, match="does not exist on this board"):
        check_pins(CHIPS[0], choose_pins(CHIPS[0], 16, None), range(16))


@pytest.mark.parametrize("pin", [5, 12, 15])
def test_strapping_pin_is_a_warning_with_a_better_one(pin: int) -> None:
    [said] = pin_warnings(CHIPS[0], choose_pins(CHIPS[0], pin, None))
    assert f"GPIO {pin}" in said
    assert "GPIO 25 is safe" in said


def test_usual_pin_of_the_lamp_is_a_warning_for_the_button() -> None:
    assert [said[:6] for said in pin_warnings(CHIPS[0], {"lamp": 25, "button": 2})] == ["GPIO 2"]


def test_lamp_and_button_are_two_pins() -> None:
    with pytest.raises(Invalid, match="same pin"):
        check_pins(CHIPS[0], choose_pins(CHIPS[0], 0, None))


def documented() -> dict[str, list[str]]:
    """The table of boards in docs/hardware.md: each row's cells by its name."""
    page = (Path(__file__).parents[3] / "docs/hardware.md").read_text()
    rows = [re.split(r" \| ?", line[2:].removesuffix(" |")) for line in page.splitlines() if line.startswith("| ")]
    return {name: cells for name, *cells in rows}


def numbers(cell: str) -> set[int]:
    return {
        pin
        for first, last in re.findall(r"\b(\d+)(?:–(\d+))?", cell)
        for pin in range(int(first), int(last or first) + 1)
    }


@pytest.mark.parametrize("board", range(3))
def test_documented_pins_of_a_board_are_judged_so(board: int) -> None:
    row = {name: cells[board] for name, cells in documented().items() if len(cells) == 3}
    chip = chip_named(row["chip, as `flash` calls it"].strip("`").upper())
    assert chip
    assert row["MicroPython's image"] == f"`{chip.board}`"
    pins = PINS[chip.name]
    assert (row["lamp, unless `--led-pin`"], row["button, unless `--button-pin`"]) == (str(pins.lamp), str(pins.button))
    assert numbers(row["strapping: a warning"]) == set(pins.strapping)
    assert numbers(row["serial line: a warning"]) == set(pins.serial)
    assert numbers(row["refused"]) == {*pins.flash, *pins.usb, *pins.input_only}
    good = numbers(row["good for either"])
    assert pins.free in good
    assert good <= set(pins.all) - {*pins.strapping, *pins.serial, *pins.flash, *pins.usb, *pins.input_only}
