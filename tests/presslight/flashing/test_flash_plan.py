"""What `presslight flash` would do: the steps, the files, and the image's own word for which chip it is."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from presslight.contract.errors import Invalid
from presslight.flashing import flash_plan
from presslight.flashing.esp_image import CHIPS, MAGIC, Chip, check_version, check_whole, chip_named, chip_of
from presslight.flashing.flash_plan import FIRMWARE, SWEEP, SWITCH, FlashPlan, Step, firmware_folder, lamp_files
from presslight.flashing.tool import find_program
from presslight.micropython import Command


def image(folder: Path, chip: int = 0, *, magic: int = 0xE9) -> Path:
    path = folder / "micropython.bin"
    path.write_bytes(bytes([magic, *bytes(11)]) + chip.to_bytes(2, "little") + bytes(86))
    return path


def board_name(chip: Chip) -> str:
    return chip.name.upper().replace("ESP32", "ESP32-").rstrip("-")


def plan(tmp_path: Path, *, setup: dict[str, str] | None = None, **more: object) -> list[Step]:
    setup = {"settings.json": "{}", "ca-0123.pem": "PEM"} if setup is None else setup
    made = FlashPlan("/dev/ttyUSB0", tmp_path, **more)  # type: ignore[arg-type]  # the tests choose what matters to them
    return list(made.steps(setup))


def test_plan_puts_each_firmware_file_and_no_stand_in_on_the_chip(tmp_path: Path) -> None:
    targets = [file.target for step in plan(tmp_path) for file in step.files]
    lamp = sorted(f"{firmware_folder()}/lamp/{path.name}" for path in (FIRMWARE / "lamp").glob("*.py"))
    assert targets == [*lamp, "settings.json.new", "ca-0123.pem", "main.py.new"]
    assert not [step for step in plan(tmp_path) if "simulator" in " ".join(step.command)]


def test_plan_names_each_file_in_the_command_that_copies_it(tmp_path: Path) -> None:
    copies = [step for step in plan(tmp_path) if step.files]
    assert len(copies) == 2
    for step in copies:
        assert step.command[:5] == ("mpremote", "connect", "/dev/ttyUSB0", "fs", "cp")
        assert list(step.command[5:-1]) == [str(file.source) for file in step.files]
        assert {step.command[-1]} == {f":{file.target.removesuffix(file.source.name)}" for file in step.files}


def test_plan_without_settings_leaves_those_of_the_chip(tmp_path: Path) -> None:
    targets = [file.target for step in plan(tmp_path, setup={}) for file in step.files]
    assert set(targets) == {file.target for file in lamp_files()} | {"main.py.new"}


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


def test_plan_changes_nothing_that_runs_before_the_switch(tmp_path: Path) -> None:
    for step in plan(tmp_path):
        if SWITCH in step.command:
            break
        assert not [file.target for file in step.files if file.target in ("main.py", "settings.json")]


def test_another_firmware_has_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lamp").mkdir()
    monkeypatch.setattr(flash_plan, "FIRMWARE", tmp_path)
    folders = set()
    for name, text in (("a.py", "1"), ("b.py", "1"), ("b.py", "2")):
        (tmp_path / "lamp" / name).write_text(text)
        folders.add(firmware_folder())
    assert len(folders) == 3


@pytest.mark.parametrize(("number", "chip"), CHIPS.items())
def test_image_says_for_which_chip_it_is(tmp_path: Path, number: int, chip: Chip) -> None:
    assert chip_of(image(tmp_path, number)) == chip


@pytest.mark.parametrize(
    ("name", "chip"),
    [
        *((board_name(chip), chip) for chip in CHIPS.values()),
        ("ESP32-C3FH4", CHIPS[5]),
        ("ESP32-D0WDQ6", CHIPS[0]),
        ("ESP32-UNICORE", CHIPS[0]),
        ("ESP32S3", CHIPS[9]),
        ("ESP32-H2", None),
        ("RP2040", None),
        ("", None),
    ],
)
def test_chip_is_known_by_its_name(name: str, chip: Chip | None) -> None:
    assert chip_named(name) == chip


def test_image_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is no image"):
        chip_of(image(tmp_path, magic=0x7F))
    (tmp_path / "short.bin").write_bytes(b"\xe9")
    with pytest.raises(Invalid, match="is no image"):
        chip_of(tmp_path / "short.bin")
    with pytest.raises(Invalid, match="cannot be read"):
        chip_of(tmp_path)
    with pytest.raises(Invalid, match="unknown to presslight"):
        chip_of(image(tmp_path, 4711))


def test_image_of_an_old_micropython_is_refused(tmp_path: Path) -> None:
    path = image(tmp_path)
    check_version(path)  # it does not tell
    path.write_bytes(path.read_bytes() + b"MicroPython v1.22.2 on 2024-02-22")
    with pytest.raises(Invalid, match=r"is MicroPython 1\.22, and the firmware needs 1\.23 or newer"):
        check_version(path)
    path.write_bytes(path.read_bytes().replace(b"v1.22.2", b"v1.23.0"))
    check_version(path)


def hashed(segments: list[bytes]) -> bytes:
    """An image with a hash, as Espressif's tools make it."""
    header = bytes([MAGIC, len(segments), 2, 0x20]) + bytes(19) + bytes([1])
    body = header + b"".join(
        (0x40080000 + 0x400 * number).to_bytes(4, "little") + len(each).to_bytes(4, "little") + each
        for number, each in enumerate(segments)
    )
    body += bytes(15 - len(body) % 16)
    check = 0xEF
    for byte in b"".join(segments):
        check ^= byte
    body += bytes([check])
    return body + hashlib.sha256(body).digest()


def test_hash_is_where_esptool_finds_it(tmp_path: Path) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(hashed([b"12345678" * 5, b"abcd"]))
    told = subprocess.run(
        [find_program("esptool"), "image-info", str(path)], stdout=subprocess.PIPE, text=True, check=True
    )
    assert "(valid)" in told.stdout
    assert "(invalid)" not in told.stdout
    check_whole(path)


@pytest.mark.parametrize("spoilt", ["boot loader", "program", "end"])
def test_image_that_is_not_whole_is_refused(tmp_path: Path, spoilt: str) -> None:
    loader, program = hashed([b"boot"]), hashed([b"program " * 100])
    whole = loader + bytes([0xFF] * (0x10000 - 0x1000 - len(loader))) + program
    path = tmp_path / "image.bin"
    path.write_bytes(whole)
    check_whole(path)
    at = {"boot loader": 33, "program": 0xF000 + 40, "end": None}[spoilt]
    path.write_bytes(whole[:-40] if at is None else whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(Invalid, match="is damaged, or its download was cut"):
        check_whole(path)


def test_sweeping_leaves_what_is_used_and_what_is_not_ours(micropython: Command, tmp_path: Path) -> None:
    used = ("main.py", "settings.json", "record-0", "boot.py", "lib/other.py", "ca.pem", "ca-1.pem")
    unused = ("main.py.new", "settings.json.new", "ca-2.pem")
    for folder in ("lib", "firmware-older/lamp", "fw-old/lamp", "fw-used/lamp", "fw-new/lamp"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file.py").touch()
    for name in used + unused:
        (tmp_path / name).touch()
    (tmp_path / "main.py").write_text("'fw-used'")
    (tmp_path / "settings.json").write_text('"ca-1.pem"')
    subprocess.run([*micropython, "-c", "FOLDER = 'fw-new'\n" + SWEEP], cwd=tmp_path, check=True)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    kept = {"lib/file.py", "fw-used/lamp/file.py", "fw-new/lamp/file.py"}
    assert left == {*used, *kept}
