from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.uvicorn_protocols.input_buffer import PIECE_BYTES, InputBuffer


@given(st.lists(st.binary(max_size=3 * PIECE_BYTES), max_size=4), st.sampled_from([b"", b"\r\n\r\n", b"\x00"]))
def test_pieces_are_what_was_appended_and_end_with_a_delimiter_at_the_latest(
    reads: list[bytes], delimiter: bytes
) -> None:
    buffer, pieces = InputBuffer(), list[bytes]()
    for data in reads:
        buffer.append(data)
        if len(buffer):
            pieces.append(buffer.next_piece(delimiter))
    while len(buffer):
        pieces.append(buffer.next_piece(delimiter))
    assert b"".join(pieces) == b"".join(reads)
    assert all(0 < len(piece) < PIECE_BYTES + max(1, len(delimiter)) for piece in pieces)
    if delimiter:
        assert all(delimiter not in piece.removesuffix(delimiter) for piece in pieces)


def test_bytes_that_are_put_back_come_again() -> None:
    buffer = InputBuffer()
    buffer.append(b"abcdef;gh")
    assert buffer.next_piece(b";") == b"abcdef;"
    buffer.put_back(3)
    assert (len(buffer), buffer.next_piece(b";")) == (5, b"ef;")
    assert buffer.next_piece(b";") == b"gh"


def test_cleared_buffer_is_empty() -> None:
    buffer = InputBuffer()
    buffer.append(b"ab")
    buffer.clear()
    assert len(buffer) == 0
