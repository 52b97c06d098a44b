"""Strings, binary data and lengths, as packets hold them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.broker.embedded import fields
from presslight.contract.errors import Malformed


@given(st.integers(0, 2**28 - 1), st.binary(max_size=4))
def test_length_is_read_as_it_was_written(value: int, rest: bytes) -> None:
    written = fields.write_length(value)
    assert fields.length(written + rest, 0) == (value, len(written))
    assert all(fields.length(written[:cut], 0) is None for cut in range(len(written)))


def test_length_of_five_bytes_is_none() -> None:
    with pytest.raises(Malformed):
        fields.length(b"\xff\xff\xff\xff\x01", 0)


@given(st.binary(max_size=300), st.binary(max_size=4), st.binary(max_size=4))
def test_binary_data_is_read_as_it_was_written(value: bytes, before: bytes, after: bytes) -> None:
    written = before + fields.write_binary(value) + after
    assert fields.binary(written, len(before)) == (value, len(written) - len(after))


@pytest.mark.parametrize("wrong", [b"", b"\x00", b"\x00\x01", b"\x00\x05abc"])
def test_field_longer_than_its_packet_is_refused(wrong: bytes) -> None:
    with pytest.raises(Malformed):
        fields.binary(wrong, 0)


@pytest.mark.parametrize("wrong", [b"\xff", b"\xed\xa0\x80", b"a\x00b"])
def test_text_that_is_none_is_refused(wrong: bytes) -> None:
    with pytest.raises(Malformed):
        fields.text(fields.write_binary(wrong), 0)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 8_192, 16_384])
def test_packet_states_the_length_of_its_body(size: int) -> None:
    written = fields.write_packet(0x30, bytes(size))
    assert fields.length(written, 1) == (size, len(written) - size)
