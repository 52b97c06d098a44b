"""Lights without promises, many in one process: answer each set message with a report, and nothing else.

The floor is measured against one of these, and the bridge's throughput against 64, so that what is measured is the
bridge and not the light. They hold no gate: never used where a test judges behaviour.

    python -m tests.bench.lean_light        reads one JSON object on stdin: {"host", "port", "lights": {name: password},
                                            "epoch": higher than at the last start, as the broker keeps reports}
"""

import asyncio
import json
import secrets
import sys
import time
from functools import partial
from typing import Any, cast

import uvloop

BOOT = secrets.token_hex(4)  # of its own each time: the broker keeps the report of the run before


class LeanLight(asyncio.Protocol):
    """One MQTT 3.1.1 connection, QoS 1 both ways."""

    def __init__(self, name: str, password: str, epoch: int) -> None:
        self.name = name
        self.epoch = epoch
        self.password = password
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.state_topic = text(f"presslight/light/{name}/state")
        self.buffer = bytearray()
        self.seq = 0
        self.decided = 0
        self.report = {"state": "OFF", "brightness": 255, "outcomes": []}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        will = text(f"presslight/light/{self.name}/availability") + text("offline")
        body = text("MQTT") + bytes((4, 0xEE, 0, 60)) + text(self.name) + will + text(self.name) + text(self.password)
        self.transport.write(packet(0x10, body))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (size := packet_size(self.buffer)) is not None:
            start, end = size
            self.packet(self.buffer[0], bytes(self.buffer[start:end]))
            del self.buffer[:end]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.subscribed.done():
            self.subscribed.set_exception(exc or ConnectionError(f"the broker refused {self.name}"))

    def packet(self, head: int, body: bytes) -> None:
        kind = head >> 4
        if kind == 2 and body[1] == 0:  # CONNACK
            self.transport.write(packet(0x82, b"\0\1" + text(f"presslight/light/{self.name}/set") + b"\1"))
        elif kind == 9:  # SUBACK
            self.publish(text(f"presslight/light/{self.name}/availability"), b"online")
            self.answer()
            self.subscribed.set_result(None)
        elif kind == 3:  # PUBLISH
            skip = 2 + int.from_bytes(body[:2])
            self.transport.write(b"\x40\2" + body[skip : skip + 2])
            self.act(json.loads(body[skip + 2 :]))

    def act(self, command: dict[str, Any]) -> None:
        self.seq += 1
        self.report["state"] = command["state"]
        self.report["brightness"] = command.get("brightness", self.report["brightness"])
        if key := command.get("key"):
            self.decided += 1
            self.report["cause"] = {"by": "press", "key": key, "up": now_ms()}
            self.report["outcomes"] = [{"key": key, "outcome": "applied", "version": [self.epoch, self.seq], "us": 1}]
        self.answer()

    def answer(self) -> None:
        stamp = {"v": 1, "boot": BOOT, "up": now_ms(), "version": [self.epoch, self.seq], "decided": self.decided}
        self.publish(self.state_topic, json.dumps(self.report | stamp).encode())

    def publish(self, topic: bytes, payload: bytes) -> None:
        self.transport.write(packet(0x33, topic + b"\0\7" + payload))


def now_ms() -> int:
    """The clock of every light here."""
    return time.monotonic_ns() // 1_000_000


def text(value: str) -> bytes:
    """An MQTT string: its length in two bytes, then UTF-8."""
    raw = value.encode()
    return len(raw).to_bytes(2) + raw


def packet(head: int, body: bytes) -> bytes:
    """A packet with its length in MQTT's seven-bit digits."""
    size, digits = len(body), bytearray()
    while size > 0x7F:
        digits.append(size & 0x7F | 0x80)
        size >>= 7
    digits.append(size)
    return bytes((head,)) + digits + body


def packet_size(buffer: bytearray) -> tuple[int, int] | None:
    """Where the first packet's body starts and ends, None while it is not all there."""
    size = shift = 0
    for place in range(1, len(buffer)):
        size |= (buffer[place] & 0x7F) << shift
        shift += 7
        if buffer[place] < 0x80:
            end = place + 1 + size
            return (place + 1, end) if len(buffer) >= end else None
    return None


async def main() -> None:
    """Connect them all, say `ready`, and answer until stdin ends."""
    loop = asyncio.get_running_loop()
    wanted = json.loads(sys.stdin.readline())
    for name, password in wanted["lights"].items():
        make = partial(LeanLight, name, password, wanted["epoch"])
        _, light = await loop.create_connection(make, wanted["host"], wanted["port"])
        await light.subscribed
    print("ready", flush=True)  # noqa: T201 -- the line its starter waits for
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
