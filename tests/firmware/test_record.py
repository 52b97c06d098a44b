import itertools
import struct
from binascii import crc32
from typing import TypeAlias
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamp import MAX_SMALL, record
from lamp.output import NEW
from tests.firmware.conftest import Both

Record: TypeAlias = tuple[int, int, tuple[bool, int], int]
"""Two numbers, the output, and failures: with the bytes behind it as `decode` gives it."""

counts = st.integers(0, 2**32 - 1)
outputs = st.tuples(st.booleans(), st.integers(1, 255))
records = st.tuples(counts, counts, outputs, st.integers(0, 255))
SIZE = len(record.encode(1, 1, (True, 1)))


def checked(body: bytes) -> bytes:
    return body + crc32(body).to_bytes(4, "big")


def former(first: int, second: int, byte: int, brightness: int) -> bytes:
    """A record of the layout that had no layout byte."""
    return checked(struct.pack(">HIIBB", 0x504C, first, second, byte, brightness))


def later(place: bytes, fields: bytes) -> bytes:
    """The same record as firmware writes it whose output has more fields."""
    return checked(place[:2] + bytes([place[2] + len(fields)]) + place[3:-4] + fields)


@given(records)
def test_record_reads_back_as_written(both: Both, wanted: Record) -> None:
    [[written, read]] = both("records", [list(wanted)])
    first, second, output, failures = wanted
    assert read == [first, second, list(output), failures, ""]
    assert len(bytes.fromhex(written)) == SIZE


@given(records, st.binary(max_size=9))
def test_bytes_behind_a_record_are_none_of_it(wanted: Record, behind: bytes) -> None:
    assert record.decode(record.encode(*wanted) + behind) == (*wanted, behind)


@given(records, st.data())
def test_record_with_any_byte_changed_or_missing_is_none(wanted: Record, data: st.DataObject) -> None:
    place = bytearray(record.encode(*wanted))
    at = data.draw(st.integers(0, len(place) - 1))
    place[at] ^= data.draw(st.integers(1, 255))
    assert record.decode(bytes(place)) is None
    assert record.decode(record.encode(*wanted)[:at]) is None


@pytest.mark.parametrize("output", [(True, 9), (False, 255)])
def test_record_of_the_former_layout_is_read(output: tuple[bool, int]) -> None:
    assert record.decode(former(7, 71, output[0], output[1])) == (7, 71, output, 0, b"")
    assert record.decode(former(7, 71, 5 << 1 | output[0], output[1]) + b"date") == (7, 71, output, 5, b"date")
    assert record.newest([former(8, 64, output[0], output[1]), record.encode(7, 128, (True, 1))])[1] == 64


@given(records, st.binary(max_size=9), st.binary(max_size=20))
def test_record_of_a_later_layout_keeps_its_epoch_and_the_fields_that_are_known(
    wanted: Record, behind: bytes, fields: bytes
) -> None:
    place = later(record.encode(*wanted), fields)
    assert record.decode(place + behind) == (*wanted, behind)
    assert record.decode(place[:-1]) is None


@given(records, st.tuples(st.integers(0, 255), st.integers(0, 255)))
def test_record_of_fewer_fields_is_completed_as_a_new_light_is(wanted: Record, more: tuple[int, int]) -> None:
    """An output of more fields needs no word in the record but its own."""
    with patch.object(record, "NEW", (*NEW, *more)):
        first, second, output, failures = wanted
        assert record.decode(record.encode(*wanted) + b"date") == (first, second, (*output, *more), failures, b"date")
        longer = (*output, more[1], more[0])
        assert record.decode(record.encode(first, second, longer)) == (first, second, longer, 0, b"")
        assert record.decode(former(first, second, output[0], output[1])) == (first, second, (*output, *more), 0, b"")


def test_record_without_a_field_is_that_of_a_new_light() -> None:
    assert record.decode(record.encode(7, 71, ())) == (7, 71, NEW, 0, b"")


def test_record_of_another_kind_is_none() -> None:
    for kind in (b"LS", b"PM", b"\x00\x00"):
        assert record.decode(checked(kind + record.encode(1, 1, (True, 9))[2:-4])) is None


def test_epoch_rises_with_each_boot_and_with_each_flashing() -> None:
    assert record.next_epoch(7, 0, 7) == (8, 71)
    assert record.next_epoch(7, 6 * 60 + 59, 7) == (8, 71)
    assert record.next_epoch(71, 0, 8) == (9, 71)
    assert record.next_epoch(7, 9 * 60, 7) == (10, 73)
    assert record.next_epoch(1, 60 * 2**30, 1) == (1, 64)  # set up by a clock that was far off


def test_place_that_was_never_written_is_none() -> None:
    for place in (b"", b"\x00" * SIZE, b"\xff" * SIZE):
        assert record.decode(place) is None


@given(st.lists(records, min_size=2, max_size=2, unique_by=lambda each: each[0]))
def test_newest_of_two_records_holds(two: list[Record]) -> None:
    assert record.newest([record.encode(*each) for each in two]) == (*max(two), b"")


def test_newest_of_nothing_is_a_new_light() -> None:
    assert record.newest([b"", b"torn"]) == (0, 0, NEW, 0, b"")


def test_write_cut_at_any_byte_leaves_the_old_record_or_the_new() -> None:
    old, new = (7, 2, (False, 10)), (8, 2, (True, 20))
    other = record.encode(6, 1, (True, 99))
    for cut, erased in itertools.product(range(SIZE + 1), (b"", b"\xff", other)):
        torn = record.encode(*new)[:cut]
        torn += erased * (SIZE - cut) if len(erased) < 2 else erased[cut:]
        found = record.newest([torn, record.encode(*old)])
        assert found[:3] == (new if torn == record.encode(*new) else old)


class Chip:
    """A chip with RTC memory and a flash, on which boot follows boot; `told` are the epochs that anybody heard of."""

    def __init__(self) -> None:
        self.noted: tuple[int, int, tuple[bool, int], int, bytes] | None = None
        self.kept = (0, NEW)
        self.flashed = 0
        self.told: list[int] = []
        self.writes = 0

    def boot(self, ends: str) -> None:
        ceiling, epoch, output = record.update(self.noted, self.kept)
        epoch, ceiling = record.next_epoch(ceiling, self.flashed, epoch)
        if ends == "before the note":
            return
        self.noted = ceiling, epoch, output, 0, b""
        if ends == "before the write":
            return
        if (ceiling, output) != self.kept:
            self.kept, self.writes = (ceiling, output), self.writes + 1
        self.told.append(epoch)


ENDS = ("before the note", "before the write", "told")


@given(st.lists(st.tuples(st.sampled_from(ENDS), st.sampled_from(["reset", "power cut", "set up"]))))
def test_no_epoch_is_told_twice_whatever_ends_a_boot(lives: list[tuple[str, str]]) -> None:
    chip = Chip()
    for ends, after in lives:
        chip.boot(ends)
        if after == "power cut":
            chip.noted = None
        elif after == "set up":
            chip.flashed += 90
    assert chip.told == sorted(set(chip.told))


@given(st.integers(2, 200))
def test_resets_write_once_in_64_boots(boots: int) -> None:
    chip = Chip()
    for _ in range(boots):
        chip.boot("told")
    assert chip.writes == 1 + (boots - 1) // 64
    assert chip.told == list(range(1, boots + 1))


def test_output_is_the_notes_where_it_is_of_this_flash() -> None:
    def updated(ceiling: int, epoch: int) -> tuple[int, int, tuple[bool, int]]:
        found: tuple[int, int, tuple[bool, int]] = record.update((ceiling, epoch, (True, 9), 0, b""), kept)
        return found

    kept = (128, (False, 255))
    assert updated(128, 70) == (128, 70, (True, 9))
    assert record.update(None, kept) == (128, 128, (False, 255))
    assert updated(64, 64) == (128, 128, (False, 255))  # of older firmware's time
    assert updated(192, 129) == (128, 129, (True, 9))  # the flash refused, or a reset came between


def test_last_epoch_is_followed_by_the_first_with_a_write_of_its_own() -> None:
    assert record.next_epoch(MAX_SMALL, 0, MAX_SMALL - 1) == (MAX_SMALL, MAX_SMALL)
    assert record.next_epoch(MAX_SMALL, 0, MAX_SMALL) == (1, 64)
    assert record.next_epoch(MAX_SMALL - 9, 0, MAX_SMALL - 9) == (MAX_SMALL - 8, MAX_SMALL)
    assert record.next_epoch(2**32 - 1, 0, 2**32 - 1) == (1, 64)
