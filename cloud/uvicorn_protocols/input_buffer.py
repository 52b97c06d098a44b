"""A connection's received bytes, handed to a parser in pieces. Pure.

A read may hold thousands of requests or frames. A parser that gets one piece at a time can stop after any of them.
"""

PIECE_BYTES = 1_024


class InputBuffer:
    """Received bytes, of which a part is parsed."""

    __slots__ = ("_data", "_parsed")

    def __init__(self) -> None:
        self._data = b""
        self._parsed = 0

    def __len__(self) -> int:
        """Count the bytes that are not parsed yet."""
        return len(self._data) - self._parsed

    def append(self, data: bytes) -> None:
        """Add received bytes."""
        self._data = self._data[self._parsed :] + data if len(self) else data
        self._parsed = 0

    def next_piece(self, delimiter: bytes = b"") -> bytes:
        """Take up to `PIECE_BYTES` bytes, and none behind the first delimiter."""
        start = self._parsed
        end = self._data.find(delimiter, start, start + PIECE_BYTES) if delimiter else -1
        self._parsed = min(len(self._data), start + PIECE_BYTES if end < 0 else end + len(delimiter))
        return self._data[start : self._parsed]

    def put_back(self, size: int) -> None:
        """Return the last `size` bytes of the piece that was taken last."""
        self._parsed -= size

    def clear(self) -> None:
        """Discard everything."""
        self._data, self._parsed = b"", 0
