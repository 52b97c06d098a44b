"""The MQTT client on both brokers: how soon each failure is noticed, and that it recovers from each."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

import aiomqtt
import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.authority import Authority
from presslight.broker.mosquitto import Mosquitto
from presslight.cloud.mqtt.client import MqttClient
from presslight.cloud.settings import Settings
from presslight.contract.address import BrokerAddress
from presslight.contract.topics import BRIDGE_USER, STATE
from tests.cloud.conftest import House
from tests.cloud.mqtt.listeners import QUICK, IgnoringListener
from tests.cloud.ports import key
from tests.cloud.raw_phone import WAIT_S, until


@pytest.fixture
async def quick(any_house: House) -> House:
    await any_house.open(**QUICK)
    return any_house


async def test_bridge_is_ready_once_its_canary_was_seen(quick: House) -> None:
    await quick.until(lambda: quick.bridge.presses.broker)
    answer = await quick.http.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


async def test_bridge_whose_store_takes_nothing_is_not_ready(quick: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.cloud.upkeep.UPKEEP_S", 0.01)
    counts = quick.bridge.counts
    await quick.until(lambda: quick.bridge.presses.broker)
    store = quick.folder / "presses.db"
    aside = store.rename(store.with_name("aside"))
    await quick.until(lambda: not counts.store_is_good)
    answer = await quick.http.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "reason": "store_unavailable"})
    aside.rename(store)
    await quick.until(lambda: counts.store_is_good)
    assert (await quick.http.get("/readyz")).status_code == 200


async def test_dead_broker_is_told_and_comes_back_by_itself(quick: House) -> None:
    light = await quick.light()
    phone = await quick.phone()
    await quick.broker.stop()
    await phone.until("broker", connected=False)
    answer = await quick.http.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "reason": "broker_away"})
    assert (await quick.http.get("/healthz")).status_code == 200
    await phone.press(1)
    assert (await phone.until("outcome"))["reason"] == "broker_away"
    await quick.broker.start()
    await phone.until("broker", connected=True)
    await light.__aexit__(None, None, None)
    await light.__aenter__()
    await phone.sees(online=True)
    await quick.until(quick.is_online)
    await phone.press(2)
    await phone.until("outcome", status="applied")
    assert [pressed for pressed, _, _ in light.model.acted] == [key(2)]


async def test_light_that_left_while_the_broker_was_away_is_told_as_offline(
    quick: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker did not see the light leave, so it publishes no will; it may even have `online` retained."""
    monkeypatch.setattr("presslight.cloud.core.lights._ANSWERS_NS", 500_000_000)
    light = await quick.light()
    phone = await quick.phone()
    await quick.broker.stop()
    await phone.until("broker", connected=False)
    await light.__aexit__(None, None, None)
    await quick.broker.start()
    await phone.until("broker", connected=True)
    await phone.sees(online=False)
    await phone.press(1)
    assert (await phone.until("outcome"))["reason"] == "light_offline"


@contextmanager
def frozen(process: int) -> Iterator[None]:
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@pytest.mark.parametrize("any_house", ["mosquitto"], indirect=True)
async def test_frozen_broker_is_told_and_what_it_held_back_is_settled(quick: House) -> None:
    light = await quick.light()
    phone = await quick.phone()
    assert isinstance(quick.broker, Mosquitto)
    with frozen(quick.broker.pid):
        await phone.press(1, patience_ms=100)
        assert (await phone.until("outcome"))["status"] == "accepted"
        await phone.until("broker", connected=False)
        await phone.press(2)
        assert (await phone.until("outcome", key=key(2)))["reason"] == "broker_away"
        assert await quick.metric("presslight_troubles_total", kind="broker_silent") >= 1
    told = await phone.until("outcome", key=key(1), final=True)
    assert told["status"] in ("refused", "not_applied")
    await quick.until(lambda: quick.bridge.presses.broker)
    assert light.model.acted == []


@pytest.mark.parametrize("any_house", ["mosquitto"], indirect=True)
async def test_emptying_is_done_once_the_broker_has_acknowledged_it(quick: House) -> None:
    client = quick.bridge.mqtt
    await quick.until(lambda: quick.bridge.presses.broker)
    assert await client.clear_retained("kitchen")
    assert isinstance(quick.broker, Mosquitto)
    with frozen(quick.broker.pid):
        assert not await client.clear_retained("kitchen")  # once the connection is given up
        assert not await client.clear_retained("kitchen")


async def test_missing_broker_is_waited_for(any_house: House) -> None:
    await any_house.broker.stop()
    await any_house.open(**QUICK)
    phone = await any_house.phone()
    assert phone.welcome["broker"] is False
    await phone.press(1)
    assert (await phone.until("outcome"))["reason"] == "broker_away"
    await any_house.broker.start()
    await phone.until("broker", connected=True)


async def test_restarted_bridge_settles_what_it_left_open(any_house: House) -> None:
    await any_house.open(**QUICK)
    light = await any_house.light()
    phone = await any_house.phone()
    light.deaf = True
    await phone.press(1, patience_ms=10_000)
    await light.hears(1)
    await any_house.server.__aexit__(None, None, None)
    light.deaf = False
    await any_house.open(**QUICK)
    again = await any_house.phone()
    await any_house.until(any_house.is_online)
    assert len(any_house.bridge.presses) == 1  # it waits to be asked
    await again.press(1, patience_ms=10_000)
    while (await again.until("outcome"))["status"] != "applied":
        pass
    await any_house.until(lambda: len(any_house.bridge.presses) == 0)
    assert [pressed for pressed, _, _ in light.model.acted] == [key(1)]


async def test_light_that_was_not_heard_yet_is_asked_for_a_report(any_house: House) -> None:
    await any_house.open(**QUICK)
    light = await any_house.light()
    await any_house.server.__aexit__(None, None, None)
    before = light.model.decided
    await any_house.open(**QUICK)
    await any_house.until(any_house.is_online)
    assert light.model.decided == before + 1
    assert light.model.acted == []


async def test_garbage_of_a_light_harms_nobody_and_is_counted(any_house: House) -> None:
    await any_house.open(**QUICK)
    light, hall = await any_house.light(), await any_house.light("hall")
    phone = await any_house.phone()
    await hall.say(STATE.format(light="hall"), b"garbage", retain=True)
    await hall.say(STATE.format(light="hall"), b'{"state":"ON"')
    await hall.say(STATE.format(light="hall"), b"x" * 3_000)
    await hall.say(STATE.format(light="hall"), b"")
    await hall.available("perhaps")
    await phone.press()
    assert (await phone.until("outcome", final=True))["status"] == "applied"
    assert light.model.acted
    counted = {
        cause: await any_house.metric("presslight_bad_mqtt_messages_total", cause=cause)
        for cause in ("malformed", "invalid", "too_large", "emptied")
    }
    assert counted == {"malformed": 2, "invalid": 1, "too_large": 1, "emptied": 1}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("authority"))
    made.create(["127.0.0.1"])
    return made


async def test_bridge_reaches_its_broker_over_tls(accounts: Accounts, authority: Authority, tmp_path: Path) -> None:
    async with AsyncExitStack() as exits:
        broker = await exits.enter_async_context(Mosquitto(accounts, tls=True, authority=authority))
        house = House(broker, accounts, tmp_path, exits)
        user = (BRIDGE_USER, accounts.password(BRIDGE_USER))
        await house.open(broker=broker.tls_address.signed_in_as(*user), **QUICK)
        await house.light()
        phone = await house.phone()
        await phone.press()
        assert (await phone.until("outcome", final=True))["status"] == "applied"


async def test_certificate_that_cannot_be_read_is_named(house: House, caplog: pytest.LogCaptureFixture) -> None:
    missing = house.address(BRIDGE_USER).model_copy(update={"tls": True, "ca_file": "nowhere.pem"})
    await house.server.__aexit__(None, None, None)
    await house.open(broker=missing, **QUICK)
    await until(lambda: any("nowhere.pem" in getattr(record, "detail", "") for record in caplog.records))
    assert (await house.http.get("/readyz")).status_code == 503


@pytest.mark.parametrize("iterations", [0, 8], ids=["stood still", "has much to do"])
async def test_bridge_that_is_slow_itself_does_not_blame_the_broker(iterations: int) -> None:
    settings = Settings(broker=BrokerAddress(host="nowhere", port=1), store=Path("unused"), canary_limit_ms=100)
    told = asyncio.Event()

    class FoundListener(IgnoringListener):
        def on_broker(self, *, found: bool, cause: str = "", detail: str = "") -> None:
            told.set()

    class Busy:
        """Publishes, then blocks the event loop but for some iterations, in the last of which the canary is read."""

        def publish_nowait(self, topic: str, payload: bytes) -> None:
            self.work(0.15, iterations, topic, payload)

        def work(self, seconds: float, more: int, topic: str, payload: bytes) -> None:
            until_ns = time.perf_counter_ns() + int(seconds * 1e9)
            while time.perf_counter_ns() < until_ns:
                pass
            loop = asyncio.get_running_loop()
            if more:
                loop.call_later(0, self.work, 0.04, more - 1, topic, payload)
            else:
                loop.call_later(0, client._on_message, topic, payload, False)

    client = MqttClient(settings)
    client._listener = FoundListener()
    canaries = asyncio.create_task(client._send_canaries(Busy()))  # type: ignore[arg-type]  # the methods that it uses
    await until(lambda: told.is_set() or canaries.done())
    assert not canaries.done()
    canaries.cancel()


@pytest.mark.parametrize("is_silent", [False, True])
async def test_client_that_is_ended_in_the_moment_of_a_loss_ends(
    monkeypatch: pytest.MonkeyPatch, is_silent: bool
) -> None:
    """Python's TaskGroup raises the loss in that case, and drops the cancellation."""
    opened, losing = asyncio.Event(), asyncio.Event()

    class Losing:
        def __init__(self, *_: object) -> None: ...

        async def open(self, *_: str) -> None:
            opened.set()

        async def wait_lost(self) -> None:
            await lose(None if is_silent else losing)

        async def close(self) -> None: ...

    async def lose(when: asyncio.Event | None) -> NoReturn:
        await (when or asyncio.Event()).wait()
        raise aiomqtt.MqttError("lost")

    monkeypatch.setattr("presslight.cloud.mqtt.client.MqttConnection", Losing)
    monkeypatch.setattr(MqttClient, "_send_canaries", lambda *_, **__: lose(losing if is_silent else None))
    running = asyncio.create_task(
        MqttClient(Settings(broker=BrokerAddress(host="nowhere", port=1), store=Path("unused"))).run(IgnoringListener())
    )
    await opened.wait()
    await asyncio.sleep(0)
    losing.set()
    running.cancel()
    async with asyncio.timeout(WAIT_S):
        await asyncio.wait([running])
    assert running.cancelled()


def test_client_without_a_connection_takes_nothing() -> None:
    client = MqttClient(Settings(broker=BrokerAddress(host="nowhere", port=1), store=Path("unused")))
    assert client.publish("kitchen", b"{}", key()) is None


def test_reconnects_wait_a_random_while_that_grows_to_a_limit() -> None:
    settings = Settings(broker=BrokerAddress(host="nowhere", port=1), store=Path("unused"))
    client = MqttClient(settings)
    longest = [max(client._wait_ms(attempt) for _ in range(200)) for attempt in range(17)]
    assert longest[0] <= settings.reconnect_ms
    assert settings.reconnect_ms < longest[3] <= 8 * settings.reconnect_ms
    assert settings.reconnect_most_ms / 2 < max(longest) <= settings.reconnect_most_ms
