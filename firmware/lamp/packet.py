"""MQTT 3.1.1 packets in fixed buffers, as they come in and as they go out: one module, as each takes 200 bytes more."""

LENGTH = 1_104  # the longest good message to a light (1,024), its topic, its headers, and a little of a longer one
CONNACK = 2
PUBLISH = 3
SUBACK = 9
PINGRESP = 13

_LENGTHS = {CONNACK: 2, 4: 2, SUBACK: 6, PINGRESP: 0}  # 4: PUBACK; SUBACK answers for four topics
_CONNECT = b"\x00\x04MQTT\x04"
_CODES = {CONNACK: (1, 0), SUBACK: (2, 2)}  # where the code stands that must be a yes, and the highest that is


class Inbox:
    """The buffer that a broker's bytes are read into, and the packet found in it last: checked, and never copied.

    What a broker may not send is an OSError, as all that goes wrong on a wire, and the link starts again. A message
    larger than the buffer is no such error: what fits of it is given as the message, the rest count. So a buffer must
    hold more than the longest good one.

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
        """Give the free part of the buffer, for the next bytes; never empty."""
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


class Outbox:
    """Packets written one after the other, from which the socket takes them: `waiting()` is what it has not taken yet.

    Each method that writes a packet gives False, and writes nothing, where there is no room: what is due then is for
    the caller to remember.
    """

    def __init__(self, length: int) -> None:
        self._view = memoryview(bytearray(length))
        self._id = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything, for a new connection."""
        self._start = 0
        self._end = 0
        self._body = 0  # where the packet that is open starts, after its header

    def waiting(self) -> memoryview:
        """Give the bytes to send."""
        return self._view[self._start : self._end]

    def sent(self, count: int) -> None:
        """Let go of the first `count` bytes that were waiting."""
        self._start += count
        if self._start == self._end:
            self._start = self._end = 0

    def fits(self, length: int) -> bool:
        """Tell whether a packet of this length, in bytes, fits."""
        return self._end - self._start + 5 + length <= len(self._view)  # 5: the longest header

    def connect(self, name: str, user: str, password: str, will: str, keep_alive: int) -> bool:
        """Write CONNECT: a clean session, `keep_alive` in s, and the will: `offline`, retained, to the topic `will`."""
        flags = 0b0010_1110  # will retained, will at QoS 1, a will, clean session
        fields = [name, will, "offline"]
        if user:
            flags |= 0b1000_0000
            fields.append(user)
            if password:
                flags |= 0b0100_0000
                fields.append(password)
        is_open = self._open(0x10, len(_CONNECT) + 3 + 2 * len(fields) + len("".join(fields).encode()))
        if is_open:
            self._put(_CONNECT + bytes((flags,)))
            self._put_number(keep_alive)
            for field in fields:
                self._put_field(field)
        return is_open

    def subscribe(self, topics: "tuple[str, ...]") -> bool:
        """Write SUBSCRIBE to these topics at QoS 1."""
        is_open = self._open(0x82, 2 + 3 * len(topics) + len("".join(topics).encode()))
        if is_open:
            self._put_id()
            for topic in topics:
                self._put_field(topic)
                self._put(b"\x01")
        return is_open

    def publish(self, topic: str, most: int) -> bool:
        """Begin PUBLISH, retained and at QoS 1, of at most `most` bytes, which `text` writes and `close` ends."""
        is_open = self._open(0x33, 4 + len(topic) + most)
        if is_open:
            self._put_field(topic)
            self._put_id()
        return is_open

    def text(self, text: str) -> None:
        """Write the next part of the message that is open."""
        self._put(text.encode())

    def close(self) -> None:
        """End the message that is open: its length is known now."""
        length = self._end - self._body
        if self._view[self._body - 2] & 0x80:  # two bytes of length
            self._view[self._body - 2] = length & 0x7F | 0x80
            length >>= 7
        self._view[self._body - 1] = length

    def acknowledge(self, number: int) -> bool:
        """Write PUBACK."""
        is_open = self._open(0x40, 2)
        if is_open:
            self._put_number(number)
        return is_open

    def ping(self) -> bool:
        """Write PINGREQ."""
        return self._open(0xC0, 0)

    def _open(self, first: int, length: int) -> bool:
        """Write a fixed header, if the packet fits."""
        if not self.fits(length):
            return False
        if self._start:
            self._view[: self._end - self._start] = self.waiting()
            self._end -= self._start
            self._start = 0
        # The buffer bounds a length to two digits of seven bits.
        digits = (length,) if length < 128 else (length & 127 | 128, length >> 7)
        self._put(bytes((first,) + digits))  # noqa: RUF005 -- MicroPython has no star there
        self._body = self._end
        return True

    def _put(self, part: bytes) -> None:
        end = self._end + len(part)
        self._view[self._end : end] = part
        self._end = end

    def _put_number(self, number: int) -> None:
        self._put(bytes((number >> 8, number & 255)))

    def _put_field(self, field: str) -> None:
        part = field.encode()
        self._put_number(len(part))
        self._put(part)

    def _put_id(self) -> None:
        self._id = self._id % 0xFFFF + 1
        self._put_number(self._id)
