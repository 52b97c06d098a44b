"""One who floods, at any door and with whatever right, is told, cut and counted; another's presses go on and are true.

`make nightly` floods for two minutes each, `FLOOD_S=n` for n seconds, and prints how much longer those take, and the
memory of the bridge.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.broker.refusals import RefusalKind
from presslight.cloud.store.tokens import issue_token
from presslight.contract.rate import Rates
from presslight.own_brokers import OWN_BROKERS
from tests.cloud.conftest import House
from tests.cloud.fake_light import FakeLight
from tests.cloud.raw_phone import WAIT_S
from tests.hostile.flood import KINDS
from tests.hostile.up import running
from tests.hostile.victim import Victim, flooding

TOLD = {
    "pong": "rate_limited",
    "pings of the WebSocket": "rate_limited",
    "pongs of the WebSocket": "rate_limited",
    "pings of strangers": "rate_limited",
    "bad frames": "unknown_type",
    "hellos": "hello_again",
    "bad hello": "malformed",
    "sockets": "too_many_sockets",
    "requests": "rate_limited",
    "bad requests": "malformed",
    "no sign-in": "unauthenticated",
}
"""What one who floods the bridge is told, as its metrics count it."""

UNTOLD = ("healthz", "healthz by many", "resets")
"""Takes its turn behind all who have signed in."""

AT_THE_BROKER = ("pingreq", "subscribe", "reports", "connects")
THROUGH_THE_BROKER = ("reports", "large reports", "acknowledged reports", "availabilities", "emptied")
FEW = {"sockets": 60}
MINUTES_S = 120.0
QUIET_S = 10.0
MOST_MORE_KB = 25_000


def target(house: House) -> dict[str, Any]:
    return {
        "port": house.server.port,
        "token": issue_token(house.bridge.settings.store, "mallory"),
        "broker": house.broker.address.port,
        "user": "hall",
        "password": house.accounts.password("hall"),
    }


@pytest.fixture
async def victim(house: House) -> Victim:
    await house.light()
    return Victim(await house.phone(), "kitchen")


async def press_until_counted(victim: Victim, house: House, code: str) -> None:
    async with asyncio.timeout(WAIT_S):
        while not await house.metric("presslight_errors_total", code=code):
            await victim.press()


@pytest.mark.parametrize("kind", [*TOLD, *UNTOLD])
async def test_one_who_floods_the_bridge_is_told_and_counted_and_another_presses_on(
    house: House, victim: Victim, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presslight.cloud.core.allowance.REQUEST_COST", 40)  # a busy machine answers no 100 a second
    async with flooding(kind, **target(house), count=FEW.get(kind)):
        if kind in TOLD:
            await press_until_counted(victim, house, TOLD[kind])
        for _ in range(5):
            await victim.press()
    assert victim.words == {"applied"}
    assert await house.metric("presslight_troubles_total", kind="defect") == 0


@pytest.mark.parametrize("kind", AT_THE_BROKER)
async def test_one_who_floods_the_embedded_broker_is_cut_and_counted_and_another_presses_on(
    house: House, victim: Victim, kind: str
) -> None:
    broker = house.broker
    assert isinstance(broker, EmbeddedBroker)
    broker._rates = Rates(50, 200)  # nor does it take 500 packets
    async with flooding(kind, **target(house)), asyncio.timeout(WAIT_S):
        while not broker.refusals.counts["hall", RefusalKind.RATE]:
            await victim.press()
        for _ in range(5):
            await victim.press()
    assert victim.words == {"applied"}


@pytest.mark.parametrize(
    ("kind", "any_house"),
    [
        pytest.param("reports", "embedded", marks=pytest.mark.nightly),
        *(
            pytest.param(kind, "mosquitto", marks=() if kind in ("reports", "emptied") else pytest.mark.nightly)
            for kind in THROUGH_THE_BROKER
        ),
    ],
    indirect=["any_house"],
)
async def test_light_that_floods_through_the_broker_is_muted_and_another_is_pressed_on(
    any_house: House, kind: str
) -> None:
    await any_house.open()
    await any_house.light()
    victim = Victim(await any_house.phone(), "kitchen")
    if isinstance(any_house.broker, EmbeddedBroker):
        any_house.broker._rates = Rates(1e9, 10**9)  # as a broker that bounds nothing
    async with flooding(kind, **target(any_house)), asyncio.timeout(WAIT_S):
        while not await any_house.metric("presslight_light_mutes_total", light="hall"):
            await victim.press()
        for _ in range(20):
            await victim.press()
    assert victim.words == {"applied"}
    assert await any_house.metric("presslight_troubles_total", kind="broker_silent") == 0
    assert await any_house.metric("presslight_troubles_total", kind="defect") == 0


@pytest.mark.parametrize("any_house", ["mosquitto"], indirect=True)
async def test_bridge_that_starts_amid_a_flood_knows_the_other_lights(any_house: House) -> None:
    address = any_house.address("kitchen")
    flooder: dict[str, Any] = {
        "broker": any_house.broker.address.port,
        "user": "hall",
        "password": any_house.accounts.password("hall"),
    }
    async with FakeLight("kitchen", address), flooding("reports", **flooder), asyncio.timeout(WAIT_S):
        await any_house.open()
        phone = await any_house.phone()
        await phone.sees("kitchen", online=True)
        await any_house.until(lambda: any_house.bridge.presses.broker)
        victim = Victim(phone, "kitchen")
        while not await any_house.metric("presslight_light_mutes_total", light="hall"):
            await victim.press()
    assert victim.words <= {"applied"}


@pytest.mark.nightly
@pytest.mark.parametrize("broker", OWN_BROKERS)
@pytest.mark.parametrize("kind", KINDS)
async def test_victim_beside_a_flood_of_minutes(tmp_path: Path, broker: str, kind: str) -> None:
    seconds = float(os.environ.get("FLOOD_S", MINUTES_S))
    async with running(tmp_path, broker) as up:
        victim = await up.victim()
        await victim.press_for(2)
        victim.p99()
        await victim.press_for(QUIET_S)
        quiet, before = victim.p99(), up.resident_kb
        async with flooding(kind, **up.target()):
            await victim.press_for(seconds / 4)
            begun = up.resident_kb
            await victim.press_for(seconds * 3 / 4)
        loud, after = victim.p99(), up.resident_kb
        print(  # noqa: T201 -- for `make nightly`
            f"{kind}, {broker}: p99 of the victim {quiet:.1f} -> {loud:.1f} ms; "
            f"resident {before / 1_000:.1f} -> {begun / 1_000:.1f} -> {after / 1_000:.1f} MB"
        )
    assert victim.words == {"applied"}
    assert after - begun < MOST_MORE_KB
