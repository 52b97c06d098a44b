"""Connections that say nothing of use, more of them than files: whoever signs in finds room, and nobody else goes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cloud.fake_light import FakeLight
from tests.cloud.ports import key
from tests.cloud.raw_phone import UPGRADE, WAIT_S, RawPhone
from tests.hostile.few_files import HARD
from tests.hostile.up import Up, running

CROWD = 300
AT_ONCE = 200
"""Requests that one token may make at once."""
KEPT = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
IDLE = {"nothing": b"", "half a request": KEPT[:-2], "a request before": KEPT, "no hello": UPGRADE}
HALF_A_CONNECT = b"\x10\x20\x00\x04MQTT"


async def crowd(up: Up, port: int, sent: bytes, count: int = CROWD) -> list[asyncio.StreamReader]:
    """Connections that send this and nothing more."""
    readers = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        up.exits.callback(writer.close)
        writer.write(sent)
        readers.append(reader)
    return readers


@pytest.fixture
async def up(tmp_path: Path) -> AsyncIterator[Up]:
    """With few files and the embedded broker."""
    async with running(tmp_path, program="tests.hostile.few_files") as started, asyncio.timeout(WAIT_S):
        yield started


async def presses(phone: RawPhone, light: FakeLight, number: int) -> None:
    await phone.sees(light.name, online=True)
    await phone.press(number, light=light.name)
    assert (await phone.until("outcome", key=key(number), final=True))["status"] == "applied"


async def test_newcomers_sign_in_and_nobody_who_has_goes(up: Up) -> None:
    hall = await up.light("hall")
    known = await up.phone()
    await presses(known, hall, 1)
    crowds = [await crowd(up, up.port, sent, CROWD // len(IDLE)) for sent in IDLE.values()]
    await crowd(up, up.broker.port, HALF_A_CONNECT)
    newcomer = await up.phone()
    await presses(newcomer, hall, 2)
    await presses(newcomer, await up.light("kitchen"), 3)
    await presses(known, hall, 4)
    assert [acted for acted, _, _ in hall.model.acted] == [key(1), key(2), key(4)]
    assert await crowds[0][0].read() == b""
    told = up.log
    assert f"may have {HARD} files" in told
    assert "too many connections that do not sign in" in told
    assert len(told.splitlines()) < 30, told


async def test_one_phone_whose_requests_do_not_end_leaves_room_for_newcomers(up: Up) -> None:
    hall = await up.light("hall")
    head = f"Host: localhost\r\nAuthorization: Bearer {up.target()['token']}\r\nIdempotency-Key: {key()}\r\n"
    half_a_press = f"POST /api/lights/hall/presses HTTP/1.1\r\n{head}Content-Length: 20\r\n\r\n".encode()
    await crowd(up, up.port, half_a_press, AT_ONCE)
    await crowd(up, up.port, KEPT, CROWD // 3)
    newcomer = await up.phone()
    await presses(newcomer, hall, 1)
    assert up.open_files < HARD - 64
