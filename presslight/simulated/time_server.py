"""The time server of a simulated light: it answers what this machine takes for the time (SNTP, RFC 5905)."""

import time

from presslight.simulated.udp_server import UdpServer

SIZE = 48
SINCE_1900 = 2_208_988_800
"""Unix seconds begin so many seconds after the protocol's."""


class TimeServer(UdpServer):
    """`async with TimeServer() as server:` it listens at 127.0.0.1, on `server.port`."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a client's question; nothing else gets an answer."""
        if len(data) >= SIZE and data[0] & 7 == 3:
            self._transport.sendto(answer(data, time.time()), addr)


def answer(question: bytes, now: float) -> bytes:
    """The answer of a server of stratum 1 at `now`, in unix seconds."""
    stamp = (int((now + SINCE_1900) * 2**32) % 2**64).to_bytes(8, "big")
    version = question[0] & 0b111000
    return bytes((version | 4, 1, question[2], 0xE9)) + bytes(8) + b"LOCL" + stamp + question[40:SIZE] + stamp * 2
