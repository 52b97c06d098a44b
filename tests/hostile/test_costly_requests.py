"""No single request of a stranger costs the bridge more than a moment: each is one turn of the loop for all phones."""

import asyncio
import time
from collections.abc import Callable

import pytest

from presslight.cloud.uvicorn_protocols.http_protocol import MAX_HEAD_BYTES, MAX_REQUEST_BYTES
from tests.cloud.conftest import House
from tests.cloud.raw_phone import UPGRADE, WAIT_S

MOST = 100
"""Times what an ordinary request costs: some ten times what they take. Before they were bounded, the first two took
6,000 times that.
"""

TRIES = 3
"""Of which the cheapest counts: much else may happen in this process meanwhile."""

HEADS: dict[str, Callable[[int], bytes]] = {
    "cookie": lambda room: b'Cookie: a="' + b"\\" * room + b'"\r\n',
    "origins": lambda room: (
        b"Origin: http://a\r\n" * (room // 36) + b"X-Forwarded-Host: " + b"b," * (room // 4) + b"a\r\n"
    ),
    "headers": lambda room: b"a:b\r\n" * (room // 5),
    "proxies": lambda room: b"X-Forwarded-For: " + b"127.0.0.1," * (room // 10) + b"127.0.0.1\r\n",
    "preferences": lambda room: b"Prefer: " + b'wait="' * (room // 6) + b"\r\n",
}
PATHS: dict[str, Callable[[int], bytes]] = {
    "dots": lambda room: b"/" + b"../" * (room // 3),
    "slashes": lambda room: b"/" * room,
    "query": lambda room: b"/healthz?" + b"a=&" * (room // 3),
}


async def ask(house: House, sent: bytes) -> int:
    """The status of the answer."""
    reader, writer = await asyncio.open_connection(house.server.host, house.server.port)
    writer.write(sent)
    async with asyncio.timeout(10 * WAIT_S):
        status = int((await reader.readline()).split()[1])
    writer.close()
    await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])
    return status


async def cost(house: House, sent: bytes) -> float:
    """What it costs at the least, in seconds of CPU, the asking included."""
    costs = list[float]()
    for _ in range(TRIES):
        began = time.process_time()
        await ask(house, sent)
        costs.append(time.process_time() - began)
    return min(costs)


def head(lines: bytes = b"", path: bytes = b"/healthz") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n"


@pytest.mark.parametrize("longest", [MAX_REQUEST_BYTES, MAX_HEAD_BYTES], ids=["too long", "just taken"])
@pytest.mark.parametrize("name", [*HEADS, *PATHS])
async def test_no_request_costs_more_than_a_moment(house: House, name: str, longest: int) -> None:
    room = longest - 1_024
    sent = head(HEADS[name](room)) if name in HEADS else head(path=PATHS[name](room))
    assert await cost(house, sent) < MOST * await cost(house, head())


async def test_longest_head_is_answered_and_a_longer_one_is_too_large(house: House) -> None:
    assert await ask(house, head(b"a: " + b"b" * (MAX_HEAD_BYTES - 200) + b"\r\n")) == 200
    assert await ask(house, head(b"a: " + b"b" * (MAX_HEAD_BYTES + 1_024) + b"\r\n")) == 413


async def test_handshake_with_as_long_a_head_is_refused_likewise(house: House) -> None:
    assert await ask(house, UPGRADE[:-2] + b"a: " + b"b" * (MAX_HEAD_BYTES + 1_024) + b"\r\n\r\n") == 413
