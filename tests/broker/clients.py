"""Clients for the tests of brokers."""

import asyncio
import socket
import ssl
from contextlib import suppress
from types import TracebackType
from typing import Self

import aiomqtt

from presslight.broker.embedded.fields import write_length
from presslight.contract.address import BrokerAddress

NODELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
PATIENCE_S = 10


class Client(aiomqtt.Client):
    """aiomqtt at an address of ours, with a bounded wait for the next message."""

    def __init__(self, address: BrokerAddress, *, will: aiomqtt.Will | None = None, **more: object) -> None:
        super().__init__(
            address.host,
            address.port,
            username=address.username,
            password=address.password.get_secret_value() if address.password else None,
            will=will,
            tls_context=ssl.create_default_context(cafile=address.ca_file) if address.tls else None,
            socket_options=NODELAY,
            timeout=PATIENCE_S,
            **more,  # type: ignore[arg-type]  # whatever aiomqtt takes
        )

    async def hear(self) -> aiomqtt.Message:
        async with asyncio.timeout(PATIENCE_S):
            return await anext(aiter(self.messages))

    async def heard(self) -> tuple[str, bytes]:
        message = await self.hear()
        assert isinstance(message.payload, bytes)
        return str(message.topic), message.payload


class Wire:
    """A TCP connection that speaks MQTT by hand: for what no library would send."""

    def __init__(self, address: BrokerAddress, hello: bytes = b"") -> None:
        self._address = address
        self._hello = hello

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(self._address.host, self._address.port)
        self.writer.get_extra_info("socket").setsockopt(*NODELAY[0])
        try:
            if self._hello:
                self.writer.write(self._hello)
                self.answer = await self.packet()
        except BaseException:
            self.cut()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.transport.abort()
        with suppress(OSError):  # it may have been cut off, as some tests want it to be
            await self.writer.wait_closed()

    async def read(self, n: int) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readexactly(n)

    async def packet(self) -> bytes:
        """The next whole packet."""
        read = await self.read(2)
        while read[-1] >= 0x80:
            read += await self.read(1)
        length = sum((digit & 0x7F) << 7 * place for place, digit in enumerate(read[1:]))
        return read + await self.read(length)

    def cut(self) -> None:
        """Lose the connection without a word."""
        self.writer.transport.abort()

    def end(self) -> None:
        """Say that nothing more comes, while still reading."""
        with suppress(OSError):  # the broker may have had enough already
            self.writer.write_eof()

    async def rest(self) -> bytes:
        """All that still comes until the broker closes the connection."""
        received = b""
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionError):  # cut off rather than closed
                while chunk := await self.reader.read(65_536):
                    received += chunk
        return received

    def send(self, *packets: bytes) -> None:
        for packet in packets:
            self.writer.write(packet)


def packet(head: int, *fields: bytes) -> bytes:
    body = b"".join(fields)
    length, rest = b"", len(body)
    while rest >= 0x80:
        length, rest = length + bytes([rest & 0x7F | 0x80]), rest >> 7
    return bytes([head]) + length + bytes([rest]) + body


def text(words: str | bytes) -> bytes:
    raw = words.encode() if isinstance(words, str) else words
    return len(raw).to_bytes(2, "big") + raw


def connect_packet(
    user: str,
    password: str,
    *,
    client_id: str = "",
    will: tuple[str, bytes] | None = None,
    keep_alive: int = 0,
    level: int = 4,
    about: bytes = b"",
) -> bytes:
    """CONNECT with a clean session; a will is retained and has QoS 1. `about`: MQTT 5's properties, without length."""
    flags = 0xC2 | (0x2C if will else 0)
    head = text("MQTT") + bytes([level, flags]) + keep_alive.to_bytes(2, "big")
    if level == 5:
        head += write_length(len(about)) + about
    last_words = text(will[0]) + text(will[1]) if will else b""
    will_about = b"\x00" if will and level == 5 else b""
    return packet(0x10, head, text(client_id or user), will_about, last_words, text(user), text(password))


def publish_packet(topic: str, message: bytes, number: int = 0, *, head: int = 0x30) -> bytes:
    return packet(head | (2 if number else 0), text(topic), number.to_bytes(2, "big") if number else b"", message)


def subscribe_packet(wanted: str, qos: int, number: int = 1) -> bytes:
    return packet(0x82, number.to_bytes(2, "big"), text(wanted), bytes([qos]))
