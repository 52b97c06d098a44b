"""One client's connection to the embedded broker: the reader and writer that amqtt gets in place of a socket.

Faults of amqtt 0.12.1 that make it necessary: amqtt reads packets of any size, waits for a CONNECT without a limit,
lets an unauthenticated CONNECT delete the session of that client id, ignores the keep-alive, and drops what a client
published, and its DISCONNECT, right before the end of the stream. So amqtt gets only whole, valid packets of
authenticated clients, as fast as it processes them. A codec translates each protocol version to the one that amqtt
reads (`presslight.broker.embedded.mqtt3`, `presslight.broker.embedded.mqtt5`).
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from amqtt.adapters import ReaderAdapter, WriterAdapter

from presslight.broker.embedded.connect import MQTT_5, Connect, parse_connect, rewritten_connect
from presslight.broker.embedded.connection_state import MOVES, ConnectionState
from presslight.broker.embedded.mqtt3 import Mqtt3Codec
from presslight.broker.embedded.mqtt5 import Mqtt5Codec, refusing_connack
from presslight.broker.embedded.packet import DISCONNECT_BYTES, Packet, PacketType
from presslight.broker.embedded.packet_reader import PacketReader
from presslight.broker.embedded.reason_codes import PacketRateExceeded, ReasonCode, reason_code_of
from presslight.broker.embedded.receive_maximum import ReceiveMaximum
from presslight.broker.limits import MAX_CONNECT_BYTES, MAX_UNREAD_BYTES
from presslight.broker.refusals import STRANGER, RefusalKind, Refusals
from presslight.contract.errors import ContractError, TooLarge
from presslight.contract.rate import Bucket
from presslight.contract.topics import may_publish

CONNECT_TIMEOUT_S = 10
"""The longest time from the open socket to the CONNECT packet."""

CLOSE_TIMEOUT_S = 1
"""The longest time that unsent bytes may take when a connection is closed."""

WIND_UP_TIMEOUT_S = 5
"""The longest time that amqtt may take to end its loop for a client that has left."""

MAX_PENDING_REQUESTS = 64
"""Requests of one client inside amqtt at once. Its queue has no bound, so further ones stay in the socket."""

MQTT_5_PROTOCOL = b"\x00\x04MQTT\x05"
"""Protocol name and version with which a CONNECT of MQTT 5 begins (3.1.2.1, 3.1.2.2)."""

_log = logging.getLogger("presslight.broker")


class ClientConnection(ReaderAdapter, WriterAdapter):  # type: ignore[misc]  # amqtt ships no types
    """One connection. `read_connect` reads the CONNECT, `accept` admits the client; then amqtt reads and writes.

    `user`: the authenticated user, `STRANGER` before. `closed`: set once the socket is closed. `receive_maximum`: the
    client's limit of unacknowledged messages, None where it states none.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, refusals: Refusals) -> None:
        self.user = STRANGER
        self.closed = asyncio.Event()
        self.receive_maximum: ReceiveMaximum | None = None
        self._packets = PacketReader(reader, CONNECT_TIMEOUT_S)
        self._writer = writer
        self._refusals = refusals
        self._codec: Mqtt3Codec | Mqtt5Codec = Mqtt3Codec()
        self._state = ConnectionState.AWAITING_CONNECT
        self._unread = b""
        self._pending_requests = 0
        self._progress = asyncio.Event()
        self._has_will = True
        self._task: asyncio.Task[None] | None = None
        self._wind_up_timer: asyncio.TimerHandle | None = None

    # -- for the broker ------------------------------------------------------------------------------------------------

    async def read_connect(self) -> Connect | None:
        """Read the CONNECT packet; None where the client sends none within CONNECT_TIMEOUT_S, or a malformed one."""
        packet = await self._read_packet()
        try:
            if packet and len(packet.raw) > MAX_CONNECT_BYTES:
                raise TooLarge(f"a CONNECT of {len(packet.raw)} bytes, {MAX_CONNECT_BYTES} are allowed")
            connect = parse_connect(packet) if packet else None
        except ContractError as error:
            self._refusals.record(STRANGER, RefusalKind.PACKET, error)
            if packet and packet.body[:7] == MQTT_5_PROTOCOL:
                self._send(refusing_connack(reason_code_of(error)))
            return None
        if connect and connect.level >= MQTT_5:
            self._codec = Mqtt5Codec(connect, partial(may_publish, connect.user or ""))
        return connect

    def refuse(self, reason: ReasonCode) -> None:
        """Answer the CONNECT with a CONNACK that refuses it."""
        self._send(self._codec.refusing_connack(reason))

    def accept(self, connect: Connect, user: str, rate_bucket: Bucket | None = None) -> None:
        """Admit the client as `user`: the next packet that amqtt reads, in this task, is its rewritten CONNECT.

        `rate_bucket`: the packets that this user may still send; None: no limit.
        """
        self.user = user
        self._task = asyncio.current_task()
        self._unread = rewritten_connect(connect, user)
        timeout_s = connect.keep_alive * 1.5 or None  # 3.1.2.10
        self._packets.configure(self._codec.check_packet, timeout_s, rate_bucket)
        if maximum := self._codec.receive_maximum:
            self.receive_maximum = ReceiveMaximum(maximum)
        self._move_to(ConnectionState.CONNECTING)

    def start_receiving(self) -> None:
        """Give amqtt the packets after CONNECT: its loop for this client runs now."""
        self._move_to(ConnectionState.CONNECTED)

    def finish_request(self) -> None:
        """Count one request of this client as processed by amqtt."""
        self._pending_requests -= 1
        self._progress.set()

    def pop_subscription_identifier(self, packet_id: int) -> int:
        """The Subscription Identifier of the SUBSCRIBE `packet_id` (MQTT 5, 3.8.2.1.2), 0 for none; given once."""
        return self._codec.pop_subscription_identifier(packet_id)

    def accepts_size(self, size: int) -> bool:
        """Whether a packet of `size` bytes may be sent: the client is connected, and its maximum allows it."""
        largest = self._codec.max_packet_bytes
        is_open = self._state is ConnectionState.CONNECTED and not self._writer.is_closing()
        return is_open and (largest is None or size <= largest)

    def disconnect(self, reason: ReasonCode, *, will: bool = True) -> None:
        """Close the connection, in MQTT 5 after a DISCONNECT with `reason`.

        `will=False`: amqtt reads a DISCONNECT first, so it publishes no will; a later call does not restore the will.
        """
        self._has_will = self._has_will and will
        if self._send_disconnect(reason):
            self._writer.close()
            asyncio.get_running_loop().call_later(CLOSE_TIMEOUT_S, self._writer.transport.abort)
        elif self._state is not ConnectionState.CLOSED:
            self._writer.transport.abort()

    async def aclose(self) -> None:
        """Close the socket, sending unsent bytes for at most CLOSE_TIMEOUT_S, and end amqtt's reading."""
        self._move_to(ConnectionState.CLOSED)
        if self._wind_up_timer:
            self._wind_up_timer.cancel()
        self._writer.close()
        try:
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._writer.wait_closed()
        finally:
            self._writer.transport.abort()  # without effect on a closed one
            self.closed.set()

    # -- for amqtt: its ReaderAdapter and WriterAdapter ----------------------------------------------------------------

    async def read(self, n: int = -1) -> bytes:
        """Read `n` bytes of the current packet, or of the next one where none is left of it.

        Raises IncompleteReadError where the packet has fewer, and at the end of the connection.
        """
        if n and not self._unread:
            self._unread = await self._next_for_amqtt()
        piece, self._unread = self._unread[:n], self._unread[n:]
        if len(piece) < n:
            raise asyncio.IncompleteReadError(piece, n)
        return piece

    def write(self, data: bytes) -> None:
        """Send a packet without waiting; a client with more than MAX_UNREAD_BYTES unread is disconnected."""
        if data[0] >> 4 in {PacketType.SUBACK, PacketType.UNSUBACK}:
            self.finish_request()
        self._send(self._codec.to_client(data))
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self._refusals.record(self.user, RefusalKind.UNREAD, "disconnected")
            self._writer.transport.abort()

    async def drain(self) -> None:
        """Return at once: `write` bounds the unsent bytes."""

    async def close(self) -> None:
        """Note that amqtt has ended; `aclose` closes the socket.

        Waiting here would let a client that returns find its session half removed.
        """
        if self._state not in {ConnectionState.RELEASED, ConnectionState.CLOSED}:
            self._move_to(ConnectionState.RELEASED)

    def feed_eof(self) -> None:
        """Do nothing: part of amqtt's interface, and never called."""

    def get_peer_info(self) -> tuple[str, int]:
        """The client's address and port, for amqtt's log."""
        host, port, *_ = self._writer.get_extra_info("peername") or ("?", 0)
        return host, port

    def get_ssl_info(self) -> ssl.SSLObject | None:
        """None: the embedded broker has no TLS."""
        return None

    # -- inside --------------------------------------------------------------------------------------------------------

    def _move_to(self, state: ConnectionState) -> None:
        if state not in MOVES[self._state]:
            raise RuntimeError(f"a connection cannot go from {self._state} to {state}")
        self._state = state
        self._progress.set()

    async def _next_for_amqtt(self) -> bytes:
        """The next packet as amqtt reads it, once amqtt has room.

        At the end of the connection DISCONNECT, or IncompleteReadError where the will is to be published.
        """
        await self._wait_until(lambda: self._state is ConnectionState.CONNECTED)
        packet = await self._read_packet()
        if packet and packet.kind is PacketType.DISCONNECT and self._codec.wants_will(packet):
            packet = None
        if packet is None or packet.kind is PacketType.DISCONNECT:
            self._wind_up_timer = asyncio.get_running_loop().call_later(WIND_UP_TIMEOUT_S, self._cancel_amqtt)
            await self._wait_until(lambda: not self._pending_requests)  # amqtt drops requests that are pending then
            if self._state is ConnectionState.CONNECTED and (packet or not self._has_will):
                self._move_to(ConnectionState.DISCONNECTING)  # no end of stream yet: amqtt would forget the DISCONNECT
                return DISCONNECT_BYTES
            raise asyncio.IncompleteReadError(b"", None)
        if packet.kind in {PacketType.PUBLISH, PacketType.SUBSCRIBE, PacketType.UNSUBSCRIBE}:
            await self._wait_until(lambda: self._pending_requests < MAX_PENDING_REQUESTS)
            self._pending_requests += 1
        return self._codec.to_amqtt(packet)

    async def _read_packet(self) -> Packet | None:
        """The next packet from the socket; None at its end, after the keep-alive, and after an invalid packet."""
        try:
            packet = await self._packets.read()
        except TimeoutError:
            if self._state is ConnectionState.AWAITING_CONNECT:
                self._refusals.record(self.user, RefusalKind.CONNECTION, "did not sign in")
            self._send_disconnect(ReasonCode.KEEP_ALIVE_TIMEOUT)
        except ContractError as error:
            kind = RefusalKind.RATE if isinstance(error, PacketRateExceeded) else RefusalKind.PACKET
            self._refusals.record(self.user, kind, error)
            self._send_disconnect(reason_code_of(error))
        except OSError:
            return None  # a broken connection is usual on a network, and not worth a log line
        else:
            is_first = self._state is ConnectionState.AWAITING_CONNECT
            if packet is None or packet.kind is not PacketType.CONNECT or is_first:
                return packet
            self._refusals.record(self.user, RefusalKind.PACKET, "a second CONNECT")
            self._send_disconnect(ReasonCode.PROTOCOL_ERROR)
        return None

    def _send_disconnect(self, reason: ReasonCode) -> bool:
        """Send a DISCONNECT to a connected client; False where its version has none from a server (3.1.1)."""
        is_connected = self._state is ConnectionState.CONNECTED
        disconnect = self._codec.disconnect_packet(reason) if is_connected else b""
        self._send(disconnect)
        return bool(disconnect)

    def _send(self, packet: bytes) -> None:
        if packet and not self._writer.is_closing():
            self._writer.write(packet)

    def _cancel_amqtt(self) -> None:
        """Cancel amqtt's loop, which has missed the client's end: the user could never connect again otherwise."""
        _log.error("the broker lost track of %s, which has left", self.user)
        if self._task:
            self._task.cancel()

    async def _wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for `condition`, or until the socket is closed."""
        while not condition() and self._state is not ConnectionState.CLOSED:
            self._progress.clear()
            await self._progress.wait()
