import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamp import MAX_SMALL, record
from tests.firmware.conftest import Both

counts = st.integers(0, 2**32 - 1)
records = st.tuples(counts, counts, st.booleans(), st.integers(1, 255))


@given(records)
def test_record_reads_back_as_written(both: Both, wanted: tuple[int, int, bool, int]) -> None:
    [[written, read]] = both("records", [list(wanted)])
    assert read == list(wanted)
    assert len(bytes.fromhex(written)) == record.SIZE


@given(records, st.data())
def test_record_with_any_byte_changed_or_missing_is_none(
    wanted: tuple[int, int, bool, int], data: st.DataObject
) -> None:
    place = bytearray(record.encode(wanted))
    at = data.draw(st.integers(0, len(place) - 1))
    place[at] ^= data.draw(st.integers(1, 255))
    assert record.decode(bytes(place)) is None
    assert record.decode(record.encode(wanted)[:at]) is None
    assert record.decode(record.encode(wanted) + b"x") is None


def test_record_of_another_layout_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(record, "_MAGIC", record._MAGIC + 1)
        other = record.encode((1, 1, True, 9))
    assert record.decode(other) is None


def test_epoch_rises_with_each_boot_and_with_each_flashing() -> None:
    assert record.next_epoch(7, 0, 7) == (8, 71)
    assert record.next_epoch(7, 6 * 60 + 59, 7) == (8, 71)
    assert record.next_epoch(71, 0, 8) == (9, 71)
    assert record.next_epoch(7, 9 * 60, 7) == (10, 73)
    assert record.next_epoch(1, 60 * 2**30, 1) == (1, 64)  # set up by a clock that was far off


def test_place_that_was_never_written_is_none() -> None:
    for place in (b"", b"\x00" * record.SIZE, b"\xff" * record.SIZE):
        assert record.decode(place) is None


@given(st.lists(records, min_size=2, max_size=2, unique_by=lambda each: each[0]))
def test_newest_of_two_records_holds(two: list[tuple[int, int, bool, int]]) -> None:
    assert record.newest([record.encode(each) for each in two]) == max(two)


def test_newest_of_nothing_is_a_new_light() -> None:
    assert record.newest([b"", b"torn"]) == record.NEW


def test_write_cut_at_any_byte_leaves_the_old_record_or_the_new() -> None:
    old, new = (7, 2, False, 10), (8, 2, True, 20)
    other = record.encode((6, 1, True, 99))
    for cut, erased in itertools.product(range(record.SIZE + 1), (b"", b"\xff", other)):
        torn = record.encode(new)[:cut]
        torn += erased * (record.SIZE - cut) if len(erased) < 2 else erased[cut:]
        found = record.newest([torn, record.encode(old)])
        assert found == (new if torn == record.encode(new) else old)


class Chip:
    """A chip with RTC memory and a flash, on which boot follows boot; `told` are the epochs that anybody heard of."""

    def __init__(self) -> None:
        self.noted: tuple[int, int, bool, int] | None = None
        self.kept = (0, False, 255)
        self.flashed = 0
        self.told: list[int] = []
        self.writes = 0

    def boot(self, ends: str) -> None:
        ceiling, epoch, is_on, brightness = record.update(self.noted, self.kept)
        epoch, ceiling = record.next_epoch(ceiling, self.flashed, epoch)
        if ends == "before the note":
            return
        self.noted = ceiling, epoch, is_on, brightness
        if ends == "before the write":
            return
        if (ceiling, is_on, brightness) != self.kept:
            self.kept, self.writes = (ceiling, is_on, brightness), self.writes + 1
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


def test_state_is_the_notes_where_it_is_of_this_flash() -> None:
    kept = (128, False, 255)
    assert record.update((128, 70, True, 9), kept) == (128, 70, True, 9)
    assert record.update(None, kept) == (128, 128, False, 255)
    assert record.update((64, 64, True, 9), kept) == (128, 128, False, 255)  # of older firmware's time
    assert record.update((192, 129, True, 9), kept) == (
        128,
        129,
        True,
        9,
    )  # the flash refused, or a reset came between


def test_last_epoch_is_followed_by_the_first_with_a_write_of_its_own() -> None:
    assert record.next_epoch(MAX_SMALL, 0, MAX_SMALL - 1) == (MAX_SMALL, MAX_SMALL)
    assert record.next_epoch(MAX_SMALL, 0, MAX_SMALL) == (1, 64)
    assert record.next_epoch(MAX_SMALL - 9, 0, MAX_SMALL - 9) == (MAX_SMALL - 8, MAX_SMALL)
    assert record.next_epoch(2**32 - 1, 0, 2**32 - 1) == (1, 64)
