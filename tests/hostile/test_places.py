"""A light's table has 16 places. However many keys a phone presses under, others find the places that they need."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from presslight.cloud.core.live_origins import MOST_LIVE_ORIGINS
from presslight.cloud.server import BridgeServer
from presslight.cloud.store.database import Address
from presslight.cloud.store.tokens import issue_token
from presslight.micropython import Command
from presslight.mobile_sim.phone import Phone
from presslight.own_brokers import OWN_BROKERS
from presslight.stack import Stack
from tests.cloud.conftest import House as OfModels
from tests.cloud.raw_phone import WAIT_S, RawPhone

PRESS = "/api/lights/kitchen/presses"
AT_ONCE = 6
FAR_MS = 19_000


class House:
    """A stack on real firmware, and phones with a token each."""

    def __init__(self, stack: Stack, exits: AsyncExitStack) -> None:
        self.stack = stack
        self._exits = exits

    def token(self, phone: str) -> str:
        return issue_token(self.stack.bridge.app.state.bridge.settings.store, phone)

    async def http(self, phone: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token(phone)}", "Prefer": "wait=10"}
        client = httpx.AsyncClient(base_url=self.stack.url, headers=headers, timeout=WAIT_S)
        return await self._exits.enter_async_context(client)

    async def phone(self, name: str) -> Phone:
        phone = await self._exits.enter_async_context(Phone(self.stack.url, self.token(name)))
        async with asyncio.timeout(WAIT_S):
            await phone.until(lambda lights: "kitchen" in lights and lights["kitchen"].online and phone.broker)
        return phone

    async def raw_phone(self, name: str) -> RawPhone:
        return await self._exits.enter_async_context(RawPhone(self.stack.url, self.token(name)))


@pytest.fixture(params=OWN_BROKERS)
async def real(request: pytest.FixtureRequest, micropython: Command, tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as exits:
        stack = await exits.enter_async_context(Stack(broker=request.param, lights=["kitchen"], folder=tmp_path))
        yield House(stack, exits)


async def view(http: httpx.AsyncClient) -> dict[str, Any]:
    """The kitchen as the bridge knows it."""
    found: dict[str, Any] = (await http.get("/api/lights")).json()["lights"][0]
    return found


async def test_phone_that_presses_under_many_origins_keeps_nobody_out(real: House) -> None:
    victim = await real.phone("victim")
    attacker, other = await real.http("attacker"), await real.raw_phone("attacker")
    now = await view(attacker)
    body = {"state": "ON", "not_after": {"boot": now["boot"], "up": now["up"] + FAR_MS}}

    async def over_http() -> httpx.Response:
        return await attacker.post(PRESS, headers={"Idempotency-Key": f"{secrets.token_hex(8)}-1"}, json=body)

    told = [await over_http() for _ in range(12)]
    for _ in range(12):
        await other.press(key=f"{secrets.token_hex(8)}-1", not_after=body["not_after"])
    refused = [await other.until("error") for _ in range(12)]
    assert [answer.status_code for answer in told] == [200] * MOST_LIVE_ORIGINS + [429] * (12 - MOST_LIVE_ORIGINS)
    assert {answer["code"] for answer in refused} == {told[-1].json()["code"]} == {"rate_limited"}
    text = await attacker.post(PRESS, headers={"Idempotency-Key": secrets.token_urlsafe()}, json=body)
    assert text.json()["code"] == "rate_limited"
    for brightness in (5, 205, 6):
        journey = await victim.press("kitchen", state="ON", brightness=brightness)
        assert journey.status == "applied"
        assert victim.lights["kitchen"].brightness == brightness


def texts(count: int) -> dict[str, dict[str, Any]]:
    """Bodies by random texts, each of another brightness, so that each changes the light."""
    return {secrets.token_urlsafe(): {"state": "ON", "brightness": 1 + number} for number in range(count)}


async def press_all(
    http: httpx.AsyncClient, presses: dict[str, dict[str, Any]], at_once: int = AT_ONCE
) -> list[httpx.Response]:
    """What each text is answered, a few under way at a time."""
    waiting: Iterator[tuple[str, dict[str, Any]]] = iter(presses.items())

    async def hand(waiting: Iterable[tuple[str, dict[str, Any]]]) -> list[httpx.Response]:
        return [await http.post(PRESS, headers={"Idempotency-Key": text}, json=body) for text, body in waiting]

    return [one for hands in await asyncio.gather(*(hand(waiting) for _ in range(at_once))) for one in hands]


async def test_texts_at_any_pace_are_each_applied_once(real: House) -> None:
    await real.phone("somebody")
    http, stranger = await real.http("program"), await real.http("another program")
    before = await view(http)
    presses = texts(60)
    told = [answer.json() for answer in await press_all(http, presses)]
    assert [(one["status"], one.get("reason")) for one in told] == [("applied", None)] * len(presses)
    assert len({one["key"].split("-")[0] for one in told}) == 1
    now = await view(http)
    assert now["version"] == [before["version"][0], before["version"][1] + len(presses)]
    some = dict(list(presses.items())[:10])
    again = [answer.json() for answer in await press_all(stranger, some, 1)]
    assert not {one["key"] for one in again} & {one["key"] for one in told}
    assert (await view(http))["version"][1] == now["version"][1] + len(some)


@asynccontextmanager
async def a_bridge(house: OfModels, store: Address) -> AsyncIterator[httpx.AsyncClient]:
    """One life of a bridge, and a program that presses there."""
    async with BridgeServer(house.settings(store=store), "127.0.0.1", 0) as bridge:
        house.server = bridge
        headers = {"Authorization": f"Bearer {issue_token(store, 'ann')}", "Prefer": "wait=10"}
        async with httpx.AsyncClient(base_url=bridge.url, headers=headers, timeout=WAIT_S) as http:
            yield http


async def test_text_means_the_same_press_in_the_bridges_next_life(closed_house: OfModels, address: Address) -> None:
    presses = texts(5)
    async with a_bridge(closed_house, address) as http:
        light = await closed_house.light()
        told = [answer.json() for answer in await press_all(http, presses, 1)]
    async with a_bridge(closed_house, address) as http:
        await closed_house.until(lambda: closed_house.is_online() and closed_house.bridge.presses.broker)
        again = [answer.json() for answer in await press_all(http, presses, 1)]
        other = [answer.json() for answer in await press_all(http, texts(1))]
    assert again == told
    assert {one["status"] for one in told + other} == {"applied"}
    assert len(light.model.acted) == len(presses) + 1
