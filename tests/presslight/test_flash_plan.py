"""What `presslight flash` would do: the steps, the files, and the image's own word for which chip it is."""

import subprocess
from pathlib import Path

import pytest

from contract.errors import Invalid
from presslight.esp_image import CHIPS, Chip, chip_of
from presslight.flash_plan import CLEAR, FIRMWARE, FlashPlan, Step, lamp_files
from presslight.micropython import Command


def image(folder: Path, chip: int = 0, *, magic: int = 0xE9) -> Path:
    path = folder / "micropython.bin"
    path.write_bytes(bytes([magic, *bytes(11)]) + chip.to_bytes(2, "little") + bytes(86))
    return path


def plan(tmp_path: Path, **more: object) -> list[Step]:
    setup = {"settings.json": "{}", "ca.pem": "PEM"}
    return list(FlashPlan("/dev/ttyUSB0", **{"setup": setup, "staging": tmp_path, **more}).steps())  # type: ignore[arg-type]  # the tests choose what matters to them


def test_plan_puts_each_firmware_file_and_no_stand_in_on_the_chip(tmp_path: Path) -> None:
    targets = [file.target for step in plan(tmp_path) for file in step.files]
    lamp = sorted(f"lib/lamp/{path.name}" for path in (FIRMWARE / "lamp").glob("*.py"))
    assert targets == [*lamp, "settings.json", "ca.pem", "main.py"]
    assert not [step for step in plan(tmp_path) if "simulator" in " ".join(step.command)]


def test_plan_names_each_file_in_the_command_that_copies_it(tmp_path: Path) -> None:
    for step in plan(tmp_path):
        assert [str(file.source) for file in step.files] == [word for word in step.command if "/" in word][
            1 : len(step.files) + 1
        ]
        if step.files:
            assert step.command[:5] == ("mpremote", "connect", "/dev/ttyUSB0", "fs", "cp")


def test_plan_without_settings_leaves_those_of_the_chip(tmp_path: Path) -> None:
    targets = [file.target for step in plan(tmp_path, setup={}) for file in step.files]
    assert set(targets) == {file.target for file in lamp_files()} | {"main.py"}


def test_plan_without_an_image_needs_no_esptool(tmp_path: Path) -> None:
    assert {step.command[0] for step in plan(tmp_path)} == {"mpremote"}
    assert plan(tmp_path)[-1].command[-1] == "reset"


def test_plan_writes_the_image_first_where_its_chip_wants_it(tmp_path: Path) -> None:
    path = image(tmp_path, 9)
    erase, write, *rest = plan(tmp_path, image=path, erase=True, baud=9600)
    esptool = ("esptool", "--chip", "esp32s3", "--port", "/dev/ttyUSB0", "--baud", "9600")
    assert erase.command == (*esptool, "erase-flash")
    assert write.command == (*esptool, "write-flash", "0x0", str(path))
    assert {step.command[0] for step in rest} == {"mpremote"}


def test_plan_erases_only_when_told(tmp_path: Path) -> None:
    assert "erase-flash" not in plan(tmp_path, image=image(tmp_path))[0].command


@pytest.mark.parametrize(("number", "chip"), CHIPS.items())
def test_image_says_for_which_chip_it_is(tmp_path: Path, number: int, chip: Chip) -> None:
    assert chip_of(image(tmp_path, number)) == chip


def test_image_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is no image"):
        chip_of(image(tmp_path, magic=0x7F))
    (tmp_path / "short.bin").write_bytes(b"\xe9")
    with pytest.raises(Invalid, match="is no image"):
        chip_of(tmp_path / "short.bin")
    with pytest.raises(Invalid, match="cannot be read"):
        chip_of(tmp_path)
    with pytest.raises(Invalid, match="does not know"):
        chip_of(image(tmp_path, 4711))


def test_clearing_makes_the_folders_and_leaves_nothing_old_but_the_settings(
    micropython: Command, tmp_path: Path
) -> None:
    for _ in range(2):
        subprocess.run([*micropython, "-c", CLEAR], cwd=tmp_path, check=True)
        assert not list((tmp_path / "lib/lamp").iterdir())
        assert not (tmp_path / "main.py").exists()
        for name in ("main.py", "settings.json", "record-0", "lib/other.py", "lib/lamp/old.py", "lib/lamp/old.mpy"):
            (tmp_path / name).write_text("old")
    subprocess.run([*micropython, "-c", CLEAR], cwd=tmp_path, check=True)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["lib/other.py", "record-0", "settings.json"]
