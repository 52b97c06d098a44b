"""MQTT 3.1.1 packets as they come in: cut out of the stream in one fixed buffer, checked, and never copied.

What a broker may not send is an OSError, as all that goes wrong on a wire, and the link starts again. A message larger
than the buffer is no such error: what fits of it is given as the message, the rest count. So a buffer must hold more
than the longest good one.
"""

LENGTH = 1_104  # the longest good message to a light (1,024), its topic, its headers, and a little of a longer one
CONNACK = 2
PUBLISH = 3
SUBACK = 9
PINGRESP = 13

_LENGTHS = {CONNACK: 2, 4: 2, SUBACK: 6, PINGRESP: 0}  # 4: PUBACK; SUBACK answers for four topics
_CODES = {CONNACK: (1, 0), SUBACK: (2, 2)}  # where the code stands that must be a yes, and the highest that is


class Inbox:
    """The buffer that a broker's bytes are read into, and the packet found in it last.

    ::

        inbox.grow(socket.readinto(inbox.room()))
        while inbox.next():
            if inbox.kind == PUBLISH: …

    A PUBLISH lies in `view`: its topic in [topic:topic_end], its message in [start:end], `id` not 0 where it is to be
    acknowledged (QoS 1), `is_retained`. CONNACK and SUBACK say yes, SUBACK at least to the first topic: the codes of a
    no are an OSError, too.
    """

    def __init__(self, length: int = LENGTH) -> None:
        self.view = memoryview(bytearray(length))
        self.kind = 0
        self.id = 0
        self.is_retained = False
        self.topic = 0
        self.topic_end = 0
        self.start = 0
        self.end = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything, for a new connection."""
        self._next = 0  # where the next packet starts
        self._filled = 0  # what lies from here on is free
        self._skip = 0  # how many bytes still belong to a message that did not fit

    def room(self) -> memoryview:
        """Where the next bytes go; never empty."""
        if self._next == self._filled:
            self._next = self._filled = 0
        elif self._next:
            self.view[: self._filled - self._next] = self.view[self._next : self._filled]
            self._filled -= self._next
            self._next = 0
        return self.view[self._filled :]

    def grow(self, count: int) -> None:
        """Take over `count` bytes that were written into `room()`."""
        self._filled += count

    def next(self) -> bool:
        """Find the next packet. False: it is not all there. Raises OSError."""
        count = min(self._skip, self._filled - self._next)
        self._skip -= count
        self._next += count
        body, length = self._header()
        end = min(body + length, self._next + len(self.view))
        if not body or end > self._filled:
            return False
        if self.kind == PUBLISH:
            self._read_publish(self.view[self._next], body, end)
        elif self.kind in _CODES:
            at, most = _CODES[self.kind]
            if self.view[body + at] > most:
                raise OSError("refused: code %d" % self.view[body + at])
        self._skip = body + length - end
        self._next = end
        return True

    def _header(self) -> "tuple[int, int]":
        """Read the fixed header: where the body starts (0: the header is not all there) and how long it is."""
        length = shift = 0
        for at in range(self._next + 1, min(self._next + 5, self._filled)):
            byte = self.view[at]
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                first = self.view[self._next]
                self.kind = first >> 4
                if self.kind != PUBLISH and (first & 0x0F or _LENGTHS.get(self.kind) != length):
                    raise OSError("no MQTT 3.1.1")
                return at + 1, length
            shift += 7
        if shift == 28:
            raise OSError("no MQTT 3.1.1")  # more than four bytes of it
        return 0, 0

    def _read_publish(self, first: int, body: int, end: int) -> None:
        qos = first >> 1 & 3
        self.is_retained = bool(first & 1)
        self.topic = body + 2
        self.start = self.topic + 2 * qos
        if qos > 1 or self.start > end:
            raise OSError("no MQTT 3.1.1")
        self.topic_end = self.topic + (self.view[body] << 8 | self.view[body + 1])
        self.start = self.topic_end + 2 * qos
        self.end = end
        if self.start > end:
            raise OSError("no MQTT 3.1.1")  # a topic longer than its packet
        self.id = self.view[self.start - 2] << 8 | self.view[self.start - 1] if qos else 0
        if qos and not self.id:
            raise OSError("no MQTT 3.1.1")
