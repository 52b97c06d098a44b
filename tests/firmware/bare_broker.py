"""A broker of a few lines that says to a light just what a test tells it to, also what no broker would."""

import asyncio
import socket
import ssl
from types import TracebackType
from typing import Any, Self

from amqtt.adapters import StreamReaderAdapter
from amqtt.mqtt import packet_class
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.packet import MQTTFixedHeader
from amqtt.mqtt.pingreq import PingReqPacket
from amqtt.mqtt.pingresp import PingRespPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.suback import SubackPacket
from amqtt.mqtt.subscribe import SubscribePacket

from presslight.contract.address import BrokerAddress
from presslight.contract.mqtt import Report, decode_report
from presslight.contract.topics import SET

TOPICS = 4
"""So many a light subscribes to."""
WAIT_S = 30
"""Bounds every wait; far over what any takes."""


class Visit:
    """One connection of a light, packet by packet."""

    def __init__(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.name = name
        self.writer = writer
        self._stream = reader
        self._reader = StreamReaderAdapter(reader)

    async def hear(self, kind: type[Any]) -> Any:
        """The next packet, which must be of that kind; pings before it are answered."""
        async with asyncio.timeout(WAIT_S):
            while True:
                header = await MQTTFixedHeader.from_stream(self._reader)
                assert header, "the light has closed"
                packet = await packet_class(header).from_stream(self._reader, fixed_header=header)
                if isinstance(packet, kind):
                    return packet
                assert isinstance(packet, PingReqPacket), f"{packet} and not {kind}"
                self.say(PingRespPacket.build().to_bytes())

    async def closed(self) -> None:
        """Wait until the light has closed this connection, whatever it says before."""
        async with asyncio.timeout(WAIT_S):
            while await self._stream.read(65_536):
                pass

    def say(self, stream: bytes) -> None:
        self.writer.write(stream)

    def publish(self, message: bytes | str, *, qos: int = 1, retain: bool = False, topic: str = "") -> None:
        payload = message if isinstance(message, bytes) else message.encode()
        target = topic or SET.format(light=self.name)
        self.say(PublishPacket.build(target, payload, 9 if qos else None, False, qos, retain).to_bytes())

    async def report(self) -> Report:
        """The next message, which must be a report."""
        return decode_report(await self.message("/state"))

    async def message(self, topic_end: str) -> bytes:
        packet = await self.hear(PublishPacket)
        assert packet.topic_name.endswith(topic_end)
        assert (packet.qos, packet.retain_flag) == (1, True)
        return bytes(packet.data)

    async def sign_in(self) -> Any:
        connect = await self.hear(ConnectPacket)
        self.say(ConnackPacket.build(0, 0).to_bytes())
        return connect

    async def welcome(self) -> Report:
        """All that comes before the first press; gives the report."""
        await self.sign_in()
        subscribe = await self.hear(SubscribePacket)
        self.say(SubackPacket.build(subscribe.variable_header.packet_id, [1] * TOPICS).to_bytes())
        report = await self.report()
        assert await self.message("/availability") == b"online"
        return report

    async def close(self) -> None:
        self.writer.close()


class BareBroker:
    """`async with BareBroker("kitchen") as broker: visit = await broker.visit()`, once for each connection in turn."""

    def __init__(self, name: str, context: ssl.SSLContext | None = None, ca_file: str | None = None) -> None:
        self.name = name
        self._context = context
        self._ca_file = ca_file
        self._visits: asyncio.Queue[Visit] = asyncio.Queue()
        self._all: list[Visit] = []
        self._server: asyncio.Server

    async def __aenter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)  # so that a broker can stop reading for real
        self._server = await asyncio.start_server(self._come, sock=listener, ssl=self._context)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for visit in self._all:
            visit.writer.transport.abort()
        await self._server.wait_closed()
        await asyncio.sleep(0)  # for the transports to hear of it

    @property
    def address(self) -> BrokerAddress:
        host, port = self._server.sockets[0].getsockname()
        return BrokerAddress(host=host, port=port, tls=self._context is not None, ca_file=self._ca_file)

    async def visit(self) -> Visit:
        async with asyncio.timeout(WAIT_S):
            return await self._visits.get()

    def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(self.name, reader, writer)
        self._all.append(visit)
        self._visits.put_nowait(visit)
