"""Request and reply of SNTP (RFC 4330 and 5905)."""


def packet(mark: bytes) -> bytes:
    """Write the question of a client of version 4; the answer repeats its eight bytes `mark`.

    They stand for the client's own time, which nobody else needs to know.
    """
    return b"\x23" + bytes(39) + mark


def answer(text: bytes, sent: bytes) -> int:
    """Read the time in unix seconds; 0 where this does not answer what was sent. Raises OSError where it knows none."""
    if len(text) < 48 or text[0] & 7 != 4 or text[24:32] != sent[40:]:
        return 0
    seconds = int.from_bytes(text[40:44], "big")
    if text[0] > 191 or not 0 < text[1] < 16 or not seconds:  # its clock is not set; stratum 0 sends the client away
        raise OSError("the time server has no time")
    seconds += 2_085_978_496 if seconds < 1 << 31 else -2_208_988_800  # the count began anew in 2036
    if seconds > 3_094_168_447:  # a chip's date ends in 2068
        raise OSError("the time server has no time")
    return seconds
