import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamp import record
from lamp.command import MAX_SMALL
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
    assert record.next_epoch(7, 0) == 8
    assert record.next_epoch(7, 6 * 60 + 59) == 8
    assert record.next_epoch(7, 9 * 60) == 10
    assert [record.next_epoch(kept, 0) for kept in (MAX_SMALL - 1, MAX_SMALL, 2**32 - 1)] == [MAX_SMALL, 1, 1]
    assert record.next_epoch(1, 60 * 2**30) == 1  # set up by a clock that was far off


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
