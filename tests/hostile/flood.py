"""One who floods, as a process of its own: `python -m tests.hostile.flood KIND` with where to on stdin, as JSON.

It needs the standard library alone, so that it starts at once. It says `flooding` once it has begun, goes on until it
is killed, and comes back whenever it is cut off.
"""

import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

BLOCK_BYTES = 16_384
REPORTS = 64

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
HALF = rb'{"type":"hello","key":"\ud800"}'

Target = dict[str, Any]
"""`port`, `token`: of the bridge. `broker`, `user`, `password`: of the broker."""


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """A client's frame, masked with zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


def packet(head: int, body: bytes) -> bytes:
    """A packet of MQTT."""
    length, rest = b"", len(body)
    while rest >= 0x80:
        length, rest = length + bytes([rest & 0x7F | 0x80]), rest >> 7
    return bytes([head]) + length + bytes([rest]) + body


def text(words: str) -> bytes:
    return len(words.encode()).to_bytes(2, "big") + words.encode()


def hello(target: Target) -> bytes:
    return frame(json.dumps({"type": "hello", "versions": [1], "token": target["token"]}).encode())


def connect(target: Target) -> bytes:
    head = text("MQTT") + b"\x04\xc2\x00\x00"
    return packet(0x10, head + text(target["user"]) + text(target["user"]) + text(target["password"]))


def reports(target: Target, head: int = 0x30, padding: int = 0) -> bytes:
    """Reports of one boot, each of a newer version, and so many bytes longer than they need be.

    `head`: the first byte of each packet, with QoS and retain flag.
    """
    topic, block = text(f"presslight/light/{target['user']}/state"), b""
    for up in range(1, REPORTS + 1):
        report = {"state": "ON", "brightness": 255, "boot": "0badcafe", "up": up, "version": [1, up]}
        number = up.to_bytes(2, "big") if head & 0x06 else b""
        block += packet(head, topic + number + json.dumps(report).encode() + b" " * padding)
    return block


def large_reports(target: Target) -> bytes:
    """Reports as large as a broker takes them."""
    return reports(target, padding=7_000)


def acknowledged_reports(target: Target) -> bytes:
    """Reports that the broker keeps and acknowledges."""
    return reports(target, head=0x33)


def availabilities(target: Target) -> bytes:
    """A light that comes and goes."""
    topic = text(f"presslight/light/{target['user']}/availability")
    return packet(0x30, topic + b"online") + packet(0x30, topic + b"offline")


def emptied(target: Target) -> bytes:
    """A light that is forgotten again and again."""
    return packet(0x31, text(f"presslight/light/{target['user']}/state"))


def signed(target: Target) -> bytes:
    return f"Authorization: Bearer {target['token']}\r\n".encode()


class Kind:
    """One way to flood: `door` says where, `first` is sent and answered, `hello` sent, `then` again and again.

    `count` connections do it. `resets`: each is reset once it is answered.
    """

    def __init__(
        self,
        door: str,
        first: Callable[[Target], bytes],
        then: Callable[[Target], bytes],
        count: int,
        *,
        hello: bool = False,
        waits: bool = True,
        resets: bool = False,
    ) -> None:
        self.door = door
        self.first = first
        self.then = then
        self.count = count
        self.hello = hello
        self.waits = waits
        self.resets = resets


def upgrade(_: Target) -> bytes:
    return UPGRADE


def nothing(_: Target) -> bytes:
    return b""


def ws(payload: bytes, opcode: int = 1) -> Callable[[Target], bytes]:
    return lambda _: frame(payload, opcode)


KINDS = {
    "healthz": Kind("port", nothing, lambda _: GET % (b"/healthz", b""), 1),
    "healthz by many": Kind("port", nothing, lambda _: GET % (b"/healthz", b""), 40),
    "resets": Kind("port", lambda _: GET % (b"/healthz", b""), nothing, 4, resets=True),
    "no sign-in": Kind("port", nothing, lambda _: GET % (b"/api/lights", b""), 20),
    "requests": Kind("port", nothing, lambda target: GET % (b"/api/lights", signed(target)), 20),
    "bad requests": Kind("port", nothing, lambda _: b"no HTTP\r\n\r\n", 20),
    "bad hello": Kind("port", upgrade, ws(HALF), 20),
    "bad frames": Kind("port", upgrade, ws(b'{"type":"?"}'), 20, hello=True),
    "pong": Kind("port", upgrade, ws(b'{"type":"pong","n":1}'), 20, hello=True),
    "pings of the WebSocket": Kind("port", upgrade, ws(b"", 9), 20, hello=True),
    "pongs of the WebSocket": Kind("port", upgrade, ws(b"", 10), 20, hello=True),
    "pings of strangers": Kind("port", upgrade, ws(b"", 9), 20),
    "hellos": Kind("port", upgrade, hello, 20, hello=True),
    "sockets": Kind("port", upgrade, nothing, 2_000, hello=True),
    "strangers": Kind("port", nothing, nothing, 2_000),
    "pingreq": Kind("broker", connect, lambda _: b"\xc0\x00", 1),
    "subscribe": Kind(
        "broker", connect, lambda t: packet(0x82, b"\0\1" + text(f"presslight/light/{t['user']}/set") + b"\1"), 1
    ),
    "connects": Kind("broker", connect, nothing, 4, waits=False),
    "reports": Kind("broker", connect, reports, 1),
    "large reports": Kind("broker", connect, large_reports, 1),
    "acknowledged reports": Kind("broker", connect, acknowledged_reports, 1),
    "availabilities": Kind("broker", connect, availabilities, 1),
    "emptied": Kind("broker", connect, emptied, 1),
}


def flood(kind: Kind, target: Target) -> None:
    """Do it on one connection, again and again."""
    first, then = kind.first(target), kind.then(target)
    block = then * max(1, BLOCK_BYTES // len(then)) if then else b""
    while True:
        try:
            with socket.create_connection(("127.0.0.1", target[kind.door])) as connection:
                connection.sendall(first)
                if first:
                    connection.recv(65_536)
                if kind.resets:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    continue
                if kind.hello:
                    connection.sendall(hello(target))
                reading = threading.Thread(target=read, args=(connection,), daemon=True)
                reading.start()
                while block:
                    connection.sendall(block)
                if kind.waits:
                    reading.join()
        except OSError:
            time.sleep(0.001)


def read(connection: socket.socket) -> None:
    """Read what comes, so that nothing is held back."""
    try:
        while connection.recv(1 << 20):
            pass
    except OSError:
        pass
    finally:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def main() -> None:
    """Flood until killed."""
    kind, target = KINDS[sys.argv[1]], json.load(sys.stdin)
    threading.stack_size(65_536)
    count = target.get("count") or kind.count
    for _ in range(count):
        threading.Thread(target=flood, args=(kind, target), daemon=True).start()
    os.write(1, b"flooding\n")
    threading.Event().wait()


if __name__ == "__main__":
    main()
