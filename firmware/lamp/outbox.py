"""MQTT 3.1.1 packets as they go out: written one after the other into a fixed buffer, from which the socket takes them.

A packet that does not fit is not written: what is due then is for the caller to remember.
"""

_CONNECT = b"\x00\x04MQTT\x04"


class Outbox:
    """A fixed buffer of packets: `waiting()` is what the socket has not taken yet.

    Each method that writes a packet gives False, and writes nothing, where there is no room.
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
        """What is to be sent."""
        return self._view[self._start : self._end]

    def sent(self, count: int) -> None:
        """Let go of the first `count` bytes that were waiting."""
        self._start += count
        if self._start == self._end:
            self._start = self._end = 0

    def fits(self, length: int) -> bool:
        """Whether a packet of this length fits."""
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
        is_open = self._open(0x10, len(_CONNECT) + 3 + sum([2 + len(field.encode()) for field in fields]))
        if is_open:
            self._put(_CONNECT + bytes((flags,)))
            self._put_number(keep_alive)
            for field in fields:
                self._put_field(field)
        return is_open

    def subscribe(self, topics: "tuple[str, ...]") -> bool:
        """Write SUBSCRIBE to these topics at QoS 1."""
        is_open = self._open(0x82, 2 + sum([3 + len(topic) for topic in topics]))
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
