"""SNTP server of a simulated light (RFC 5905): answers with this machine's time."""

import time

from presslight.simulated.udp_server import UdpServer

SIZE = 48
SINCE_1900 = 2_208_988_800
"""Seconds from NTP's epoch (1900) to Unix's (1970)."""


class TimeServer(UdpServer):
    """`async with TimeServer() as server:` listens at 127.0.0.1, on `server.port`."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a client's request (mode 3); other datagrams are ignored."""
        if len(data) >= SIZE and data[0] & 7 == 3:
            self._transport.sendto(encode_response(data, time.time()), addr)


def encode_response(question: bytes, now: float) -> bytes:
    """The response of a stratum 1 server at `now`, in Unix seconds."""
    stamp = (int((now + SINCE_1900) * 2**32) % 2**64).to_bytes(8, "big")
    version = question[0] & 0b111000
    return bytes((version | 4, 1, question[2], 0xE9)) + bytes(8) + b"LOCL" + stamp + question[40:SIZE] + stamp * 2
