"""The record's bytes: whatever a write that broke off left behind, the record before it or the new one is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamp import record
from tests.firmware.conftest import Both

LARGEST = 2**32 - 1
contents = st.tuples(st.integers(0, LARGEST), st.booleans(), st.integers(1, 255))
sequences = st.integers(1, LARGEST - 1)  # the first write is 1
OLD, NEWER = (6, 41, True, 7), (7, 42, False, 200)


@given(sequences | st.just(LARGEST), contents)
def test_record_is_read_as_it_was_written(both: Both, sequence: int, content: tuple[int, bool, int]) -> None:
    [[place, read]] = both("records", [[sequence, *content]])
    assert read == [sequence, *content]
    assert len(bytes.fromhex(place)) == record.SIZE


@given(sequences, contents, contents)
def test_record_cut_at_any_byte_leaves_the_one_before_it(
    sequence: int, before: tuple[int, bool, int], after: tuple[int, bool, int]
) -> None:
    old, new = (sequence, *before), (sequence + 1, *after)
    whole = record.encode(new)
    for cut in range(record.SIZE):
        assert record.newest([record.encode(old), whole[:cut]]) == old
        assert record.newest([whole[:cut], record.encode(old)]) == old
    assert record.newest([record.encode(old), whole]) == new


def test_record_written_over_another_up_to_any_byte_leaves_the_one_before_it() -> None:
    """A medium that writes in place holds the head of the new record and the tail of what was there two writes ago."""
    stale, new = record.encode((5, 40, False, 100)), record.encode(NEWER)
    for cut in range(record.SIZE):
        torn = new[:cut] + stale[cut:]
        assert record.newest([record.encode(OLD), torn]) == OLD


@given(st.integers(0, record.SIZE - 1), st.integers(1, 255))
def test_record_with_any_byte_changed_is_none(at: int, change: int) -> None:
    place = bytearray(record.encode(NEWER))
    place[at] ^= change
    assert record.decode(bytes(place)) is None


@pytest.mark.parametrize("place", [b"", b"\0" * record.SIZE, b"\xff" * record.SIZE, record.encode(NEWER) + b"\0"])
def test_place_that_holds_no_record_is_none(place: bytes) -> None:
    assert record.decode(place) is None


@given(st.binary(max_size=record.SIZE + 1))
def test_any_bytes_are_a_record_or_none(place: bytes) -> None:
    found = record.decode(place)
    assert found is None or record.encode(found) == place


def test_chip_that_never_wrote_starts_dark_and_at_full_brightness() -> None:
    assert record.newest([b"", b""]) == record.NEW == (0, 0, False, 255)
