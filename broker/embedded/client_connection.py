"""One client's connection to the embedded broker: what amqtt reads from and writes to.

Seen with amqtt 0.12.1: it reads packets of any size, waits for ever for a CONNECT, lets a stranger's CONNECT wipe out
the living session of that client id, ignores the keep-alive, and forgets what a client published, and whether it said
goodbye, right before it left. So this stands between the socket and amqtt, and amqtt only hears of whole, valid
packets of clients that have signed in, at the pace at which it works them off. A client of MQTT 5 is worded for it as
one of 3.1.1, and it for the client (`presslight.broker.embedded.mqtt5`).
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from functools import partial

from amqtt.adapters import ReaderAdapter, WriterAdapter

from presslight.broker.embedded import mqtt5
from presslight.broker.embedded.connect import MQTT_5, Connect, connect, introduction
from presslight.broker.embedded.mqtt3 import Mqtt3
from presslight.broker.embedded.mqtt5 import Mqtt5
from presslight.broker.embedded.packet import DISCONNECT_BYTES, Frames, Kind, Packet
from presslight.broker.embedded.reason_codes import Reason, TooMany, reason_of
from presslight.broker.embedded.receive_maximum import Window
from presslight.broker.limits import BYTES_OF_FILTERS, MAX_CONNECT_BYTES, MAX_UNREAD_BYTES, PACKETS_PER_S
from presslight.broker.refusals import STRANGER, Refusals, Refused
from presslight.contract.errors import ContractError, TooLarge
from presslight.contract.rate import Bucket, cost_of
from presslight.contract.topics import may_publish

SIGN_IN_S = 10
"""How long a client may take for its CONNECT."""

GOODBYE_S = 1
"""How long what is still to be sent may take when a connection is closed."""

OVERDUE_S = 5
"""How long amqtt may take to wind up a client that has left."""

PACKETS_AT_A_TIME = 8
"""Packets of one client, as they count, that are taken in before everybody else has a turn."""

MAX_UNDER_WAY = 64
"""Requests of one client inside amqtt at once. It queues without a bound, so the rest waits in the socket."""

CHUNK_BYTES = 65_536

MQTT_5_HEAD = b"\x00\x04MQTT\x05"

_log = logging.getLogger("presslight.broker")


class Stage(StrEnum):
    """Where a connection is in its life."""

    STRANGER = "stranger"
    """Has not signed in."""

    ENTERING = "entering"
    """Amqtt reads its CONNECT."""

    INSIDE = "inside"
    """Amqtt works off its packets."""

    LEAVING = "leaving"
    """Amqtt reads its DISCONNECT."""

    CLOSED = "closed"
    """Amqtt is done with it."""

    GONE = "gone"
    """So is the socket."""


MOVES = {
    Stage.STRANGER: {Stage.ENTERING, Stage.GONE},
    Stage.ENTERING: {Stage.INSIDE, Stage.CLOSED, Stage.GONE},
    Stage.INSIDE: {Stage.LEAVING, Stage.CLOSED, Stage.GONE},
    Stage.LEAVING: {Stage.CLOSED, Stage.GONE},
    Stage.CLOSED: {Stage.GONE},
    Stage.GONE: set[Stage](),
}


class Visit(ReaderAdapter, WriterAdapter):  # type: ignore[misc]  # amqtt ships no types
    """A connection. `knock` reads who it is, `enter` lets it in; from then on amqtt reads and writes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, refusals: Refusals) -> None:
        self.user = STRANGER
        self.gone = asyncio.Event()
        self.window: Window | None = None
        self._reader = reader
        self._writer = writer
        self._refusals = refusals
        self._frames = Frames()
        self._language: Mqtt3 | Mqtt5 = Mqtt3()
        self._stage = Stage.STRANGER
        self._patience_s: float | None = SIGN_IN_S
        self._serving = b""
        self._allowance: Bucket | None = None
        self._taken_in = 0
        self._under_way = 0
        self._progress = asyncio.Event()
        self._has_will = True
        self._host: asyncio.Task[None] | None = None
        self._overdue: asyncio.TimerHandle | None = None

    # -- for the broker ------------------------------------------------------------------------------------------------

    async def knock(self) -> Connect | None:
        """Read the CONNECT packet; None where none comes or it is not one."""
        packet = await self._packet()
        try:
            if packet and len(packet.raw) > MAX_CONNECT_BYTES:
                raise TooLarge(f"a CONNECT of {len(packet.raw)} bytes, {MAX_CONNECT_BYTES} are allowed")
            said = connect(packet) if packet else None
        except ContractError as error:
            self._refusals.note(STRANGER, Refused.PACKET, error)
            if packet and packet.body[:7] == MQTT_5_HEAD:
                self._send(mqtt5.refusal(reason_of(error)))
            return None
        if said and said.level >= MQTT_5:
            self._language = Mqtt5(said, partial(may_publish, said.user or ""))
        return said

    def refuse(self, reason: Reason) -> None:
        """Answer the CONNECT of a client that is not let in."""
        self._send(self._language.refusal(reason))

    def enter(self, said: Connect, user: str, allowance: Bucket | None = None) -> None:
        """Let the client in as `user`: the next thing that amqtt, in this task, reads is its CONNECT.

        `allowance`: what packets of this user may still come; None: as many as it likes.
        """
        self.user = user
        self._allowance = allowance
        self._host = asyncio.current_task()
        self._serving = introduction(said, user)
        self._frames.check = self._language.check
        self.window = Window(self._language.window) if self._language.window else None
        self._patience_s = said.keep_alive * 1.5 or None  # 3.1.2.10
        self._move(Stage.ENTERING)

    def begin(self) -> None:
        """Amqtt is ready for what comes after CONNECT."""
        self._move(Stage.INSIDE)

    def taken(self) -> None:
        """Amqtt has worked off one request of this client."""
        self._under_way -= 1
        self._progress.set()

    def identifier_of(self, number: int) -> int:
        """The identifier that the client gave the subscriptions of its packet `number`; 0: none."""
        return self._language.identifier_of(number)

    def takes(self, size: int) -> bool:
        """Whether the client is to be sent a packet of so many bytes."""
        largest = self._language.max_packet_bytes
        inside = self._stage is Stage.INSIDE and not self._writer.is_closing()
        return inside and (largest is None or size <= largest)

    def end(self, reason: Reason, *, will: bool = True) -> None:
        """Cut the connection, telling why. amqtt sees it close; `will=False`: sees the client say goodbye first.

        Once without its will it stays so, whoever ends it again.
        """
        self._has_will = self._has_will and will
        if self._say_goodbye(reason):
            self._writer.close()
            asyncio.get_running_loop().call_later(GOODBYE_S, self._writer.transport.abort)
        elif self._stage is not Stage.GONE:
            self._writer.transport.abort()

    async def finish(self) -> None:
        """Close, sending what is still to be sent where the client reads it soon, and let amqtt's reader end."""
        self._move(Stage.GONE)
        if self._overdue:
            self._overdue.cancel()
        self._writer.close()
        try:
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._writer.wait_closed()
        finally:
            self._writer.transport.abort()  # nothing happens where it is closed
            self.gone.set()

    # -- for amqtt -----------------------------------------------------------------------------------------------------

    async def read(self, n: int = -1) -> bytes:
        """The next `n` bytes of the packet being read; of the next one where that is used up."""
        if n and not self._serving:
            self._serving = await self._next()
        piece, self._serving = self._serving[:n], self._serving[n:]
        if len(piece) < n:
            raise asyncio.IncompleteReadError(piece, n)
        return piece

    def write(self, data: bytes) -> None:
        """Send a packet; who lets too much pile up unread is cut off. Nothing here waits for a client."""
        if data[0] >> 4 in {Kind.SUBACK, Kind.UNSUBACK}:
            self.taken()
        self._send(self._language.outward(data))
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self._refusals.note(self.user, Refused.UNREAD, "disconnected")
            self._writer.transport.abort()

    async def drain(self) -> None:
        """Nothing to wait for: `write` bounds what piles up."""

    async def close(self) -> None:
        """Amqtt is done; `finish` closes. Waiting here would let a returning client meet its half-removed session."""
        if self._stage not in {Stage.CLOSED, Stage.GONE}:
            self._move(Stage.CLOSED)

    def feed_eof(self) -> None:
        """Part of amqtt's interface; nothing calls it."""

    def get_peer_info(self) -> tuple[str, int]:
        """Address and port of the client, for amqtt's log."""
        host, port, *_ = self._writer.get_extra_info("peername") or ("?", 0)
        return host, port

    def get_ssl_info(self) -> ssl.SSLObject | None:
        """The embedded broker speaks no TLS."""
        return None

    # -- inside --------------------------------------------------------------------------------------------------------

    def _move(self, stage: Stage) -> None:
        if stage not in MOVES[self._stage]:
            raise RuntimeError(f"a connection cannot go from {self._stage} to {stage}")
        self._stage = stage
        self._progress.set()

    async def _next(self) -> bytes:
        """The next packet for amqtt, once it has room. At the end DISCONNECT, or nothing where there is a will."""
        await self._until(lambda: self._stage is Stage.INSIDE)
        packet = await self._packet()
        if packet and packet.kind is Kind.DISCONNECT and self._language.keeps_will(packet):
            packet = None
        if packet is None or packet.kind is Kind.DISCONNECT:
            self._overdue = asyncio.get_running_loop().call_later(OVERDUE_S, self._lost)
            await self._until(lambda: not self._under_way)  # what is not worked off by then, amqtt drops
            if self._stage is Stage.INSIDE and (packet or not self._has_will):
                self._move(Stage.LEAVING)  # and no end after it: at an end right behind it, amqtt forgets the goodbye
                return DISCONNECT_BYTES
            raise asyncio.IncompleteReadError(b"", None)
        if packet.kind in {Kind.PUBLISH, Kind.SUBSCRIBE, Kind.UNSUBSCRIBE}:
            await self._until(lambda: self._under_way < MAX_UNDER_WAY)
            self._under_way += 1
        return self._language.inward(packet)

    async def _packet(self) -> Packet | None:
        """The next packet from the socket; None at its end, which silence and bytes that are not MQTT are, too."""
        try:
            await self._give_way()
            packet = self._frames.next() or await self._received()
            self._count(packet)
        except TimeoutError:
            if self._stage is Stage.STRANGER:
                self._refusals.note(self.user, Refused.CONNECTION, "did not sign in")
            self._say_goodbye(Reason.KEEP_ALIVE_TIMEOUT)
        except ContractError as error:
            what = Refused.RATE if isinstance(error, TooMany) else Refused.PACKET
            self._refusals.note(self.user, what, error)
            self._say_goodbye(reason_of(error))
        except OSError:
            return None  # the connection broke, which is no news on a network
        else:
            if packet is None or packet.kind is not Kind.CONNECT or self._stage is Stage.STRANGER:
                return packet
            self._refusals.note(self.user, Refused.PACKET, "a second CONNECT")
            self._say_goodbye(Reason.PROTOCOL_ERROR)
        return None

    async def _give_way(self) -> None:
        """Let others have a turn: what was read ahead would be taken in without a pause."""
        if self._taken_in >= PACKETS_AT_A_TIME:
            self._taken_in = 0
            await asyncio.sleep(0)

    def _count(self, packet: Packet | None) -> None:
        """Raise TooMany where the user has sent more than it may."""
        if packet is None:
            return
        cost = _cost(packet)
        self._taken_in += cost
        if self._allowance and not self._allowance.take(time.monotonic_ns(), cost):
            raise TooMany(Reason.QUOTA_EXCEEDED, f"more than {PACKETS_PER_S} packets a second")

    def _say_goodbye(self, reason: Reason) -> bool:
        """Tell a client that is inside why it has to go; False where its version has no word for it."""
        goodbye = self._language.goodbye(reason) if self._stage is Stage.INSIDE else b""
        self._send(goodbye)
        return bool(goodbye)

    def _send(self, packet: bytes) -> None:
        if packet and not self._writer.is_closing():
            self._writer.write(packet)

    async def _received(self) -> Packet | None:
        async with asyncio.timeout(self._patience_s):
            while received := await self._reader.read(CHUNK_BYTES):
                self._frames.feed(received)
                if packet := self._frames.next():
                    return packet
        return None

    def _lost(self) -> None:
        """Amqtt has not noticed that the client is gone. Without an end the name would be taken for ever."""
        _log.error("the broker lost track of %s, which has left", self.user)
        if self._host:
            self._host.cancel()

    async def _until(self, reached: Callable[[], bool]) -> None:
        while not reached() and self._stage is not Stage.GONE:
            self._progress.clear()
            await self._progress.wait()


def _cost(packet: Packet) -> int:
    """As how many packets it counts."""
    size = len(packet.raw)
    if packet.kind in {Kind.SUBSCRIBE, Kind.UNSUBSCRIBE}:
        return 1 + size // BYTES_OF_FILTERS
    return cost_of(size)
