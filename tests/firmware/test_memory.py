"""What outlives a reset, on RTC memory that a test plays; the simulated light has the rest (`test_start.py`)."""

import importlib
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import pytest

from lamp import record
from lamp.flash import Flash

SIZE = len(record.encode(1, 1, (True, 7)))
"""Of a note without a date."""

Boot: TypeAlias = Callable[[], Any]


class RTC:
    content = b""

    def memory(self, *content: bytes) -> bytes | None:
        if not content:
            return RTC.content
        RTC.content = content[0]
        return None


@pytest.fixture
def boot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Boot:
    machine = ModuleType("machine")
    machine.RTC = RTC  # type: ignore[attr-defined]  # a module for this test
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.delitem(sys.modules, "lamp.memory", raising=False)
    monkeypatch.setattr(RTC, "content", b"")
    monkeypatch.chdir(tmp_path)
    memory = importlib.import_module("lamp.memory").Memory
    return lambda: memory(Flash())


def test_pause_grows_to_five_minutes(boot: Boot) -> None:
    assert [boot().start() for _ in range(13)] == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_start_that_went_well_ends_the_pauses(boot: Boot) -> None:
    for _ in range(5):
        memory = boot()
        memory.start()
    memory.settle()
    assert boot().start() == 0


def test_state_and_epoch_outlive_a_reset(boot: Boot) -> None:
    memory = boot()
    assert memory.output == (False, 255)
    assert memory.next_epoch(Flash(), 0) == 1
    memory.keep((True, 7))
    again = boot()
    assert again.output == (True, 7)
    assert again.next_epoch(Flash(), 0) == 2


def test_count_of_failed_starts_outlives_changes_of_the_light(boot: Boot) -> None:
    for output in ((True, 255), (False, 1)):
        memory = boot()
        memory.start()
        memory.next_epoch(Flash(), 0)
        memory.keep(output)
    again = boot()
    assert (again.start(), again.output) == (2, (False, 1))


@pytest.mark.parametrize("bit", range(8))
@pytest.mark.parametrize("at", range(SIZE))
def test_note_with_a_bit_changed_is_none(boot: Boot, at: int, bit: int) -> None:
    memory = boot()
    memory.start()
    memory.next_epoch(Flash(), 0)
    memory.keep((True, 7))
    spoilt = bytearray(RTC.content)
    assert len(spoilt) == SIZE
    spoilt[at] ^= 1 << bit
    RTC.content = bytes(spoilt)
    again = boot()
    assert (again.start(), again.output) == (0, (False, 255))
    assert again.next_epoch(Flash(), 0) == 65


def test_date_outlives_a_reset_and_goes_to_the_flash_with_the_next_record(boot: Boot) -> None:
    memory = boot()
    memory.next_epoch(Flash(), 0)
    memory.date = b"12345678"
    memory.note()
    assert (boot().date, Flash().date) == (b"12345678", b"")
    boot().next_epoch(Flash(), 60 * 60 * 24)
    assert Flash().date == b"12345678"
    RTC.content = b""
    assert boot().date == b"12345678"


def test_record_behind_which_nothing_stands_has_no_date(boot: Boot) -> None:
    boot().next_epoch(Flash(), 0)
    assert (boot().date, Flash().date) == (b"", b"")


def test_note_of_a_flash_that_refuses_counts_on(boot: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamp.flash.PLACES", ("no/such/folder",) * 2)
    told = [boot().next_epoch(Flash(), 0) for _ in range(3)]
    assert told == sorted(set(told))


def refuse(place: str, _: bytes) -> None:
    raise OSError(28, place)


def spoil(place: str, _: bytes) -> None:
    Path(place).write_bytes(b"spoilt")


def spoil_both(_place: str, _: bytes) -> None:
    for place in ("record-0", "record-1"):
        spoil(place, b"")


@pytest.mark.parametrize(
    "write", [refuse, spoil, spoil_both, lambda *_: None], ids=["refuses", "spoils", "all", "loses"]
)
def test_flash_that_keeps_nothing_has_no_epoch_told_twice_and_is_degraded(
    boot: Boot, monkeypatch: pytest.MonkeyPatch, write: Callable[[str, bytes], None]
) -> None:
    """After each power cut the flash says the same. Two boots tell the same by a chance of 1 to 65,536."""
    boot().next_epoch(Flash(), 0)
    boot().next_epoch(Flash(), 0)
    before, told = Flash().epoch, []
    draws = itertools.count(77, 777)
    monkeypatch.setattr("lamp.memory.getrandbits", lambda bits: next(draws) % 2**bits)
    with monkeypatch.context() as broken:
        broken.setattr("lamp.flash._write", _checked(write))
        for _ in range(20):
            RTC.content = b""
            flash = Flash()
            told.append(boot().next_epoch(flash, 0))
            assert flash.is_degraded
    assert len(set(told)) == 20
    assert min(told) > (0 if write is spoil_both else before)
    well = Flash()
    last = boot().next_epoch(well, 0)
    assert last > told[-1]
    assert (well.is_degraded, Flash().is_degraded) == (False, write is spoil_both)  # one place; the next write mends it
    RTC.content = b""
    assert boot().next_epoch(Flash(), 0) > last


def _checked(write: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
    """As the flash's own: what cannot be read back was not written."""

    def checked(place: str, content: bytes) -> None:
        write(place, content)
        raise OSError(5, content)

    return checked
