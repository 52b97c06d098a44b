"""Reads plain JSON front to back, straight from the buffer it is in. `decode_set` of contract/mqtt.py has the rules.

Not MicroPython's own `json`: that takes missing commas and words after the end, and builds whatever the message holds.
What is not ours is read over: its grammar counts, and nothing of it is kept.
"""

MAX_DEPTH = 24
MAX_DIGITS = 13  # no field of ours is longer, and more would not be a machine integer

OTHER = object()
"""Value that no field takes, and no member's name: a fraction, an object, a list that is not a pair, a longer number, a
string with an escape or a byte that is not ASCII."""

_WORDS = ((b"null", None), (b"true", True), (b"false", False))


Malformed = ValueError
"""Raised for what is not plain JSON."""


class Plain:
    """One message being read. Each method takes what it reads and the white space before it, or raises Malformed.

    Bytes are numbers, as an object to compare them with takes 32 bytes: 34 is ", 44 a comma, 45 -, 58 :, 91 [, 93 ],
    123 {, 125 }.
    """

    def __init__(self) -> None:
        self._view = memoryview(b"")
        self._at = 0
        self._end = 0
        self._depth = 0

    def open(self, view: memoryview, start: int, end: int) -> None:
        """Start on the message view[start:end]."""
        self._view = view
        self._at = start
        self._end = end
        self._depth = 0

    def close(self) -> None:
        """Let nothing but white space follow."""
        self.peek()
        if self._at < self._end:
            raise Malformed

    def peek(self) -> int:
        """Give the next byte after white space without taking it; 0, which is never good, at the end."""
        while self._at < self._end:
            byte = self._view[self._at]
            if byte not in b" \t\r\n":
                return byte
            self._at += 1
        return 0

    def name(self, is_first: bool) -> object:
        """Give the name of an object's first or next member, whose value must be read then; None: it has no more."""
        if is_first:
            self._enter(123)
        is_there = self.peek() != 125 if is_first else self._takes(44)
        if is_there:
            return self._name()
        self._leave(125)
        return None

    def value(self) -> object:
        """Read any value: None, a bool, an int, a str, a pair of such as a tuple, or OTHER."""
        if self.peek() != 91:
            return self._any()
        first = second = OTHER
        length = 0
        self._enter(91)
        if self.peek() != 93:
            while True:
                first, second = second, self._any()
                length += 1
                if not self._takes(44):
                    break
        self._leave(93)
        return (first, second) if length == 2 else OTHER

    def _any(self) -> object:
        """Read any value; a list or an object, with all that lies in it, is OTHER. It does not recurse."""
        kind = 1  # of each that is open a bit, below a leading 1; 1: an object
        while True:
            byte = self.peek()
            if byte in (91, 123):
                self._enter(byte)
                kind = kind << 1 | (byte == 123)
                if self.peek() != byte + 2:  # in ASCII the bracket that closes it
                    if kind & 1:
                        self._name()
                    continue
            else:
                value = self._string() if byte == 34 else self._number() if byte in b"-0123456789" else self._word()
                if kind == 1:
                    return value
            while kind > 1 and not self._takes(44):
                self._leave(125 if kind & 1 else 93)
                kind >>= 1
            if kind == 1:
                return OTHER
            if kind & 1:
                self._name()

    def _name(self) -> object:
        name = self._string()
        self._expect(58)
        return name

    def _string(self) -> object:
        """Read a string; one with an escape or a byte over 0x7e is OTHER."""
        self._expect(34)
        view, start, end = self._view, self._at, self._end
        at = start
        is_other = False
        while at < end:
            byte = view[at]
            if byte == 34:  # "
                self._at = at + 1
                return OTHER if is_other else str(view[start:at], "ascii")
            if byte < 32:
                break
            if byte > 126 or byte == 92:
                is_other = True
                at += 0 if byte > 126 else self._escape(at + 1)
            at += 1
        raise Malformed

    def _escape(self, at: int) -> int:
        """Give how many bytes of an escape follow its backslash; the first is view[at]."""
        if at < self._end and self._view[at] in b'"\\/bfnrt':
            return 1
        if at + 5 > self._end or self._view[at] != 117:  # u
            raise Malformed
        for byte in self._view[at + 1 : at + 5]:
            if byte not in b"0123456789abcdefABCDEF":
                raise Malformed
        return 5

    def _number(self) -> object:
        is_negative = self._takes(45)
        start = self._at
        number = self._digits()
        length = self._at - start
        if length > 1 and self._view[start] == 48:  # a leading 0
            raise Malformed
        is_other = length > MAX_DIGITS
        if self._next() == 46:  # .
            self._at += 1
            self._digits()
            is_other = True
        if self._next() in b"eE":
            self._at += 1
            self._at += self._next() in b"+-"
            self._digits()
            is_other = True
        return OTHER if is_other else -number if is_negative else number

    def _digits(self) -> int:
        start = self._at
        number = 0
        while self._at < self._end and 48 <= self._view[self._at] <= 57:
            if self._at < start + MAX_DIGITS:
                number = number * 10 + self._view[self._at] - 48
            self._at += 1
        if self._at == start:
            raise Malformed
        return number

    def _word(self) -> object:
        for word, value in _WORDS:
            end = self._at + len(word)
            if end <= self._end and self._view[self._at : end] == word:
                self._at = end
                return value
        raise Malformed

    def _next(self) -> int:
        """Give the next byte; 0 at the end."""
        return self._view[self._at] if self._at < self._end else 0

    def _takes(self, byte: int) -> bool:
        is_there = self.peek() == byte
        self._at += is_there
        return is_there

    def _expect(self, byte: int) -> None:
        if not self._takes(byte):
            raise Malformed

    def _enter(self, bracket: int) -> None:
        self._expect(bracket)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Malformed

    def _leave(self, bracket: int) -> None:
        self._expect(bracket)
        self._depth -= 1
