"""Query and response of DNS (RFC 1035) for the IPv4 addresses of one name."""


def packet(name: str, mark: bytes) -> bytes:
    """Write the question; the answer repeats its two bytes `mark`. Raises OSError where the text can be no name."""
    text = mark + b"\1\0\0\1\0\0\0\0\0\0"
    for part in name.rstrip(".").encode().split(b"."):
        if not 0 < len(part) < 64 or b":" in part:
            raise OSError("neither a name nor an IPv4 address")
        text += bytes((len(part),)) + part
    return text + b"\0\0\1\0\1"


def answer(text: bytes, sent: bytes) -> "tuple[str, ...]":
    """Read the addresses, 8 at most; none where this does not answer what was sent. Raises OSError where it says no.

    Whose they are is not compared: an answer holds the name's aliases (CNAME) and their addresses, and nothing else. So
    no compressed name is followed, and none can lead in circles.
    """
    at = len(sent)
    found: "tuple[str, ...]" = ()
    if (
        len(text) < at
        or text[:2] != sent[:2]
        or text[2] < 128  # a question, too
        or text[4:6] != sent[4:6]
        or text[12:at].lower() != sent[12:].lower()
    ):
        return found
    if text[3] & 15:
        raise OSError("the name is unknown" if text[3] & 15 == 3 else "the name server refuses")
    try:
        for _ in range(text[6] << 8 | text[7]):
            while 0 < text[at] < 192:  # a label; at 192 and more the rest of the name stands elsewhere
                at += text[at] + 1
            at += 2 if text[at] else 1
            start = at
            at += 10 + (text[at + 8] << 8 | text[at + 9])
            if text[start : start + 4] == b"\0\1\0\1" and at == start + 14 and len(found) < 8:
                part = "%d.%d.%d.%d" % (text[at - 4], text[at - 3], text[at - 2], text[at - 1])
                if 0 < text[at - 4] < 224 and part not in found:  # no host has another, and one twice is no second
                    found += (part,)
    except IndexError:  # cut short, or nonsense
        return found
    if not found:
        raise OSError("the name server's answer is cut short" if text[2] & 2 else "the name has no IPv4 address")
    return found
