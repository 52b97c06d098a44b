"""Random and hostile bytes at the bridge's port: nothing fails, and another phone is served as before."""

import asyncio
import json
import logging
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from presslight.contract.phone_codec import encode
from tests.cloud.conftest import House
from tests.cloud.raw_phone import UPGRADE, WAIT_S, RawPhone
from tests.contract import strategies

MANY = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

http_pieces = st.sampled_from(
    [
        b"GET ", b"POST ", b"CONNECT ", b"/", b"/ws", b"/api/lights", b"*", b"http://\xff/", b"//x:y@[::1",
        b" HTTP/1.1", b"\r\n", b"\r\n\r\n", b"\n", b"\x00", b"Host: a", b"Content-Length: 5",
        b"Content-Length: 9" + b"9" * 20, b"Transfer-Encoding: chunked", b"ffffffffffffffff\r\n",
        b"Expect: 100-continue", b"Upgrade: websocket", b"Upgrade: h2c", b"Connection: upgrade",
        b"Sec-WebSocket-Key: x", UPGRADE, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]
)  # fmt: skip
http_noise = st.lists(http_pieces | st.binary(max_size=20), max_size=12).map(b"".join)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """A frame like those of RFC 6455: any opcode, any flags, and a length that may be wrong."""
    payload = draw(st.binary(max_size=200) | strategies.damaged("phone"))
    said = draw(st.sampled_from([len(payload)] * 4 + [0, 125, 70_000, 2**63 - 1]))
    mask = draw(st.sampled_from([0x80, 0x80, 0x80, 0]))
    size = (
        bytes([mask | said])
        if said < 126
        else bytes([mask | 126]) + struct.pack(">H", said)
        if said < 2**16
        else bytes([mask | 127]) + struct.pack(">Q", said)
    )
    return bytes([draw(st.integers(0, 255) | st.sampled_from([0x81, 0x01, 0x80, 0x89]))]) + size + bytes(4) + payload


@pytest.fixture
async def witness(house: House, caplog: pytest.LogCaptureFixture) -> AsyncIterator[RawPhone]:
    """Another phone, which must be served; at the end the bridge must have logged no error."""
    broken: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: broken.append(context))
    await house.light()
    yield await house.phone()
    assert broken == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert await house.metric("presslight_troubles_total", kind="defect") == 0


async def is_served(phone: RawPhone) -> None:
    await phone.send({"type": "ping", "n": 7})
    await phone.until("pong", n=7)


async def say(house: House, *pieces: bytes) -> bytes:
    """Send these, close our side, and return everything received."""
    reader, writer = await asyncio.open_connection(house.server.host, house.server.port)
    try:
        for piece in pieces:
            writer.write(piece)
        writer.write_eof()
        async with asyncio.timeout(WAIT_S):
            return await reader.read()
    except ConnectionError:  # it hung up first
        return b""
    finally:
        writer.close()
        await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])


@MANY
@given(http_noise)
async def test_any_bytes_for_http(house: House, witness: RawPhone, noise: bytes) -> None:
    await say(house, noise)
    await is_served(witness)


@MANY
@given(st.lists(frames() | st.binary(max_size=50), max_size=5))
async def test_any_bytes_for_the_websocket(house: House, witness: RawPhone, noise: list[bytes]) -> None:
    await say(house, UPGRADE, *noise)
    await is_served(witness)


@st.composite
def talks(draw: st.DrawFn) -> list[bytes | str]:
    """Frames of the protocol in any order, some of them damaged or binary."""
    good = strategies.phone_frames.map(encode)
    bad = strategies.damaged("phone") | st.binary(max_size=50) | strategies.json_values.map(json.dumps)
    return draw(st.lists(good | good | bad, max_size=8))


@MANY
@given(talks(), st.booleans(), st.sampled_from([1, 1, 1, 2, 3, 40]))
async def test_any_frames_in_any_order(
    house: House, witness: RawPhone, said: list[bytes | str], greeted: bool, pieces: int
) -> None:
    house.bridge.limits._buckets.clear()
    house.bridge.limits._allowances.clear()
    async with RawPhone(house.server.url, house.token if greeted else None) as phone:
        with suppress(ConnectionClosed):
            for frame in said:
                await phone.socket.send(cut(frame, pieces))
            await is_served(phone)
        assert phone.socket.close_code in {None, 4005, 4101, 4102, 4103, 4104}
    await is_served(witness)


def cut(frame: bytes | str, pieces: int) -> Any:
    """The frame in about so many fragments (RFC 6455, 5.4)."""
    step = max(1, len(frame) // pieces)
    return [frame[at : at + step] for at in range(0, len(frame), step)] or frame
