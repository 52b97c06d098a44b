"""Random bytes at every door, as a process of its own: `python -m tests.hostile.noise SEED` with where to on stdin.

What is sent was good once: it is cut, doubled, mixed and has bits turned, so that it comes far enough in to do harm.
The same seed sends the same bytes. It says `flooding` once it has begun, and goes on until it is killed.
"""

import json
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from random import Random

from tests.hostile.damage import MOST_BYTES, spoilt
from tests.hostile.flood import GET, HALF, UPGRADE, Target, connect, frame, hello, packet, reports, signed, text

THREADS = 12
PAUSE_S = 0.002

PRESS = (
    b"POST /api/lights/%s/presses HTTP/1.1\r\nHost: localhost\r\n%sIdempotency-Key: %s\r\nContent-Length: 14\r\n\r\n%s"
)
FRAMES = [
    HALF,
    b'{"type":"ping","n":1}',
    b'{"type":"shown","key":"0123456789abcdef-1","ms":1}',
    b'{"type":"press","key":"fedcba9876543210-1","light":"hall","set":{"state":"ON"},"patience_ms":2000}',
    b'{"type":"press","key":"fedcba9876543210-2","light":"kitchen","set":{"state":"ON","brightness":999}}',
]
"""Presses of the victim's light are of a brightness that no light has, so that only the victim switches it."""


def corpus(target: Target) -> dict[str, list[bytes]]:
    """What is good, by door."""
    user = target["user"]
    topic = text(f"presslight/light/{user}/state")
    ask = [GET % (path, signed(target)) for path in (b"/api/lights", b"/healthz", b"/metrics", b"/", b"/ws")]
    press = [PRESS % (light, signed(target), b"some-text", b'{"state":"ON"}') for light in (b"hall", b"nowhere")]
    sockets = [UPGRADE + hello(target) + b"".join(map(frame, FRAMES)), UPGRADE + frame(HALF), UPGRADE + frame(b"", 9)]
    signed_in = connect(target)
    packets = [
        packet(0x82, b"\0\1" + text(f"presslight/light/{user}/set") + b"\1"),
        packet(0x32, topic + b"\0\2" + b'{"state":"ON"}'),
        packet(0x31, topic),
        packet(0x30, text("homeassistant/status") + b"online"),
        packet(0x62, b"\0\2"),
        b"\xc0\0",
        reports(target)[:4_000],
    ]
    return {
        "port": ask + press + sockets,
        "broker": [signed_in + one for one in packets] + [signed_in + b"".join(packets), b"\x10\x20\0\4MQTT"],
    }


def disturb(target: Target, luck: Random) -> None:
    """Send, read a little, leave; again and again."""
    good = corpus(target)
    while True:
        door = luck.choice(list(good))
        sent = spoilt(luck.choice(good[door]), good[door], luck)
        with suppress(OSError), socket.create_connection(("127.0.0.1", target[door]), timeout=1) as connection:
            connection.settimeout(luck.choice((0.001, 0.01, 0.1)))
            size = luck.choice((7, 1_000, MOST_BYTES))
            for start in range(0, len(sent), size):
                connection.sendall(sent[start : start + size])
            if luck.randrange(4):
                connection.recv(luck.choice((1, 65_536)))
        time.sleep(PAUSE_S)


def main() -> None:
    """Disturb until killed."""
    seed, target = int(sys.argv[1]), json.load(sys.stdin)
    for number in range(THREADS):
        threading.Thread(target=disturb, args=(target, Random(f"{seed} {number}")), daemon=True).start()
    os.write(1, b"flooding\n")
    threading.Event().wait()


if __name__ == "__main__":
    main()
