"""Packets from one client's socket: with a time limit, a rate limit, and a fair share of the event loop."""

import asyncio
import time

from presslight.broker.embedded.packet import Check, Packet, PacketDecoder, PacketType
from presslight.broker.embedded.reason_codes import PacketRateExceeded, ReasonCode
from presslight.broker.limits import BYTES_OF_FILTERS, PACKETS_PER_S
from presslight.contract.rate import Bucket, cost_of

PACKETS_PER_TURN = 8
"""Packets of one client, weighted by `packet_cost`, that are read before the other tasks of the loop run."""

CHUNK_BYTES = 65_536


class PacketReader:
    """Reads packets from `reader`. `timeout_s`: the longest silence before TimeoutError; None: no limit.

    The first packet is decoded without a check, as its protocol version is not known yet.
    """

    def __init__(self, reader: asyncio.StreamReader, timeout_s: float) -> None:
        self._reader = reader
        self._timeout_s: float | None = timeout_s
        self._decoder = PacketDecoder()
        self._rate_bucket: Bucket | None = None
        self._cost_this_turn = 0

    def configure(self, check: Check, timeout_s: float | None, rate_bucket: Bucket | None) -> None:
        """Set the check of the protocol version, the keep-alive limit and the user's rate; None: no limit."""
        self._decoder.check = check
        self._timeout_s = timeout_s
        self._rate_bucket = rate_bucket

    async def read(self) -> Packet | None:
        """The next packet; None at the end of the stream.

        Raises TimeoutError, Malformed or TooLarge for what is not MQTT, PacketRateExceeded, and OSError.
        """
        await self._yield_turn()
        packet = self._decoder.next_packet() or await self._receive()
        if packet:
            self._charge(packet)
        return packet

    async def _yield_turn(self) -> None:
        """Let other tasks run: packets that are already buffered would be decoded without any await."""
        if self._cost_this_turn >= PACKETS_PER_TURN:
            self._cost_this_turn = 0
            await asyncio.sleep(0)

    async def _receive(self) -> Packet | None:
        async with asyncio.timeout(self._timeout_s):
            while received := await self._reader.read(CHUNK_BYTES):
                self._decoder.feed(received)
                if packet := self._decoder.next_packet():
                    return packet
        return None

    def _charge(self, packet: Packet) -> None:
        """Charge the packet to the user's rate. Raises PacketRateExceeded."""
        cost = packet_cost(packet)
        self._cost_this_turn += cost
        if self._rate_bucket and not self._rate_bucket.take_tokens(time.monotonic_ns(), cost):
            raise PacketRateExceeded(ReasonCode.QUOTA_EXCEEDED, f"more than {PACKETS_PER_S} packets a second")


def packet_cost(packet: Packet) -> int:
    """The number of packets that one counts as: by its filters, else by its size in bytes."""
    size = len(packet.raw)
    if packet.kind in {PacketType.SUBSCRIBE, PacketType.UNSUBSCRIBE}:
        return 1 + size // BYTES_OF_FILTERS
    return cost_of(size)
