import os
import struct
import subprocess
from binascii import crc32
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamp import flash, record
from lamp.flash import PLACES, Flash
from presslight.micropython import Command
from tests.firmware.conftest import FIRMWARE

POWER_CUT = Path(__file__).parent / "on_micropython" / "power_cut.py"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def state(subject: Flash) -> tuple[int, bool, int]:
    return subject.epoch, *subject.output


def test_new_flash_holds_a_light_that_is_off_and_fully_bright() -> None:
    assert state(Flash()) == (0, False, 255)


def test_record_is_there_after_a_restart() -> None:
    subject = Flash()
    for brightness in (1, 2, 3):
        subject.keep(4, (True, brightness))
        assert state(Flash()) == (4, True, brightness)


def test_writes_go_to_the_two_places_in_turn(folder: Path) -> None:
    subject = Flash()
    subject.keep(1, (True, 1))
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    subject.keep(1, (True, 2))
    second = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(first) == 1
    assert second.keys() == set(PLACES)
    assert first.items() <= second.items()


def test_record_that_says_the_same_is_not_written_again(folder: Path) -> None:
    subject = Flash()
    subject.keep(1, (True, 1))
    subject.keep(1, (True, 1))
    assert len(list(folder.iterdir())) == 1


def test_torn_place_leaves_the_record_before(folder: Path) -> None:
    subject = Flash()
    subject.keep(1, (True, 1))
    subject.keep(1, (True, 2))
    newest = max(folder.iterdir(), key=lambda path: path.read_bytes())
    newest.write_bytes(newest.read_bytes()[:7])
    again = Flash()
    assert state(again) == (1, True, 1)
    again.keep(1, (True, 3))
    assert state(Flash()) == (1, True, 3)


def test_flash_of_the_former_layout_is_read_and_written_over(folder: Path) -> None:
    for sequence, brightness in ((6, 3), (7, 9)):
        body = struct.pack(">HIIBB", 0x504C, sequence, 71, True, brightness)
        (folder / PLACES[sequence % 2]).write_bytes(body + crc32(body).to_bytes(4, "big") + b"12345678")
    subject = Flash()
    assert (state(subject), subject.date, subject.is_degraded) == ((71, True, 9), b"12345678", False)
    for brightness in (1, 2):
        subject.keep(72, (True, brightness))
        assert state(Flash()) == (72, True, brightness)


@given(st.binary(max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flash_of_a_later_layout_keeps_its_epoch(folder: Path, fields: bytes) -> None:
    for sequence in (6, 7):
        place = record.encode(sequence, 71, (True, 9))
        body = place[:2] + bytes([place[2] + len(fields)]) + place[3:-4] + fields
        (folder / PLACES[sequence % 2]).write_bytes(body + crc32(body).to_bytes(4, "big") + b"12345678")
    subject = Flash()
    assert (state(subject), subject.date, subject.is_degraded) == ((71, True, 9), b"12345678", False)
    subject.keep(72, (True, 1))
    assert state(Flash()) == (72, True, 1)


def test_flash_that_refuses_is_told_and_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = Flash()
    with monkeypatch.context() as broken:
        broken.setattr(flash, "PLACES", ("no/such/folder",) * 2)
        subject.keep(1, (True, 1))
    assert "flash: " in capsys.readouterr().out
    assert list(folder.iterdir()) == []
    subject.keep(1, (True, 1))
    assert state(Flash()) == (1, True, 1)


@pytest.mark.parametrize("place", PLACES)
def test_record_that_is_spoilt_is_noticed_and_written_over(folder: Path, place: str) -> None:
    subject = Flash()
    subject.keep(1, (True, 1))
    subject.keep(1, (True, 2))
    (folder / place).write_bytes(b"spoilt")
    again = Flash()
    assert again.is_degraded
    for brightness in (3, 4):
        again.keep(1, (True, brightness))
    assert (again.is_degraded, Flash().is_degraded, state(Flash())) == (False, False, (1, True, 4))


def test_record_that_cannot_be_read_for_an_error_is_no_new_one(folder: Path) -> None:
    Flash().keep(1, (True, 1))
    for place in PLACES:
        (folder / place).unlink(missing_ok=True)
        (folder / place).mkdir()  # EISDIR, as good as any
    assert Flash().is_degraded


def _forgetting(place: str, mode: str) -> Any:
    return Path(place if "r" in mode else os.devnull).open(mode)


def test_write_that_does_not_read_back_is_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = Flash()
    subject.keep(1, (True, 1))
    with monkeypatch.context() as lost:
        lost.setattr(flash, "open", _forgetting, raising=False)
        subject.keep(1, (True, 2))
    assert "flash: 5" in capsys.readouterr().out
    assert (subject.is_degraded, state(subject), state(Flash())) == (True, (1, True, 1), (1, True, 1))
    subject.keep(1, (True, 2))
    assert (subject.is_degraded, state(Flash())) == (False, (1, True, 2))


def test_power_cut_in_any_write_leaves_the_old_state_or_the_new_and_no_epoch_twice(micropython: Command) -> None:
    """On a real littlefs under MicroPython, whose flash dies at the k-th write, for every k, many times over."""
    script = [*micropython, "-X", "heapsize=4m", str(POWER_CUT)]
    environment = {"PATH": os.defpath, "MICROPYPATH": f"{FIRMWARE}:.frozen"}
    ran = subprocess.run(script, env=environment, capture_output=True, text=True, check=True)
    cuts = [tuple(map(int, line.split())) for line in ran.stdout.splitlines()]
    assert len(cuts) > 300
    assert max(death for death, *_ in cuts) > 3  # some writes had a block to move first
    assert all(found in (old, new) for _, old, new, found, *_ in cuts)
    assert any(found == old for _, old, _, found, *_ in cuts)
    assert all(following > told for *_, told, following in cuts)  # no epoch is ever told twice
    assert any(told == 0 for *_, told, _ in cuts)
