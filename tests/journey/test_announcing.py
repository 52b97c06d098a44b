"""Home Assistant is told of a light, may delete it, and is told again only where somebody wants that; both brokers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiomqtt
import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.broker import Broker
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.broker.mosquitto import Mosquitto
from presslight.cloud.mqtt.aiomqtt_client import AiomqttClient
from presslight.cloud.mqtt.client import MqttClient
from presslight.cloud.settings import Settings
from presslight.contract.mqtt import Discovery, decode_report
from presslight.contract.topics import (
    ALL_AVAILABILITIES,
    ALL_STATES,
    AVAILABILITY,
    BRIDGE_USER,
    DISCOVERY,
    HOME_ASSISTANT_USER,
    SET,
    STATE,
)
from presslight.own_brokers import OWN_BROKERS
from presslight.simulated.simulated_light import SimulatedLight

WAIT_S = 30
NAME = "kitchen"
CONFIG = DISCOVERY.format(light=NAME)
DELETED = "not announced: deleted in Home Assistant"
KEPT = "flash: kept deleted"


class Listener:
    """Hears of a bridge's line to the broker that it stands, and that the light's state was emptied, which is last."""

    def __init__(self) -> None:
        self.has_found = asyncio.Event()
        self.has_emptied = asyncio.Event()

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic == STATE.format(light=NAME) and not payload:
            self.has_emptied.set()

    def on_ack(self, key: str) -> None: ...

    def topics(self) -> tuple[str, ...]:
        return ALL_STATES, ALL_AVAILABILITIES

    def on_reconnected(self) -> None: ...

    def on_broker(self, *, found: bool, cause: str = "", detail: str = "") -> None:
        if found:
            self.has_found.set()


class Home:
    """A broker, one light, and an MQTT client with Home Assistant's rights."""

    def __init__(self, broker: Broker, accounts: Accounts, folder: Path) -> None:
        self.broker = broker
        self.folder = folder
        self._accounts = accounts
        self._brightness = 1

    def light(self, name: str = NAME) -> SimulatedLight:
        address = self.broker.address.signed_in_as(name, self._accounts.password(name))
        return SimulatedLight(name, address, self.folder)

    def assistant(self) -> aiomqtt.Client:
        address = self.broker.address
        password = self._accounts.password(HOME_ASSISTANT_USER)
        return AiomqttClient(address.host, address.port, username=HOME_ASSISTANT_USER, password=password)

    async def hears(
        self, topic: str, wanted: Callable[[bytes], bool] = bool, set_: str = ""
    ) -> list[tuple[str, bytes]]:
        """All that a new subscriber hears until such a message comes on the topic. `set_`: what it tells the light."""
        heard = []
        async with asyncio.timeout(WAIT_S), self.assistant() as client:
            for each in (
                CONFIG,
                DISCOVERY.format(light="hall"),
                AVAILABILITY.format(light="+"),
                STATE.format(light="+"),
            ):
                await client.subscribe(each, 1)
            if set_:
                await client.publish(SET.format(light=NAME), set_, 1)
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.append((message.topic.value, message.payload))
                if message.topic.value == topic and wanted(message.payload):
                    return heard
        raise AssertionError("the broker has gone")

    async def answers(self) -> dict[str, bytes]:
        """Have the light report; whatever it said before that has been heard, too."""
        self._brightness += 1
        wish = f'{{"state":"ON","brightness":{self._brightness}}}'
        return dict(
            await self.hears(
                STATE.format(light=NAME), lambda report: decode_report(report).brightness == self._brightness, wish
            )
        )

    async def discovery(self, name: str = NAME) -> Discovery:
        """What Home Assistant is told of a light, once it is."""
        heard = await self.hears(DISCOVERY.format(light=name))
        return Discovery.model_validate_json(heard[-1][1])

    async def announced(self) -> None:
        """The light is announced, and has said all that belongs to it."""
        await self.discovery()
        await self.answers()

    async def delete(self) -> None:
        async with self.assistant() as client:
            await client.publish(CONFIG, b"", 1, retain=True)

    async def forget(self) -> None:
        """Have a bridge forget the light, which may still sign in."""
        address = self.broker.address.signed_in_as(BRIDGE_USER, self._accounts.password(BRIDGE_USER))
        listener = Listener()
        client = MqttClient(Settings(broker=address, store=Path("unused")))
        async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(client.run(listener), name="mqtt client")
            await listener.has_found.wait()
            await client.clear_retained(NAME)
            await listener.has_emptied.wait()
            running.cancel()

    async def says(self, light: SimulatedLight, line: str) -> None:
        """Wait until the light says that."""
        async with asyncio.timeout(WAIT_S):
            await light.until(lambda output: output.log == line)

    async def is_not_announced(self, light: SimulatedLight) -> None:
        """The light says so, and what it says after that comes without an announcement before it."""
        await self.says(light, DELETED)
        assert CONFIG not in await self.answers()


MAKERS: dict[str, Callable[[Accounts, Path], Broker]] = {
    "embedded": lambda accounts, _folder: EmbeddedBroker(accounts),
    "mosquitto": Mosquitto,
}
"""One for each of OWN_BROKERS. The embedded broker forgets all when it stops, this Mosquitto nothing."""


@pytest.fixture(params=OWN_BROKERS)
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Home]:
    accounts = Accounts.make([NAME, "hall"], others=["bridge", HOME_ASSISTANT_USER])
    async with MAKERS[request.param](accounts, tmp_path / "mosquitto") as running:
        yield Home(running, accounts, tmp_path / "light")


async def test_light_announces_itself_after_its_report_and_its_availability(home: Home) -> None:
    async with home.light():
        found = await home.discovery()
        assert found.avty_t == AVAILABILITY.format(light=NAME)
        heard = dict(await home.hears(STATE.format(light=NAME)))
    assert decode_report(heard[STATE.format(light=NAME)]).cause is not None


async def test_light_that_is_deleted_while_it_is_away_stays_away_even_where_the_broker_forgets(home: Home) -> None:
    async with home.light() as light:
        await home.announced()
        await light.power_cut()
        await home.delete()
        await light.power_on()
        await home.is_not_announced(light)
        await home.says(light, KEPT)
        await light.power_cut()
        await home.broker.stop()
        await home.broker.start()
        await light.power_on()
        await home.is_not_announced(light)


async def test_light_that_is_deleted_while_it_listens_stays_away(home: Home) -> None:
    async with home.light() as light:
        await home.announced()
        await home.delete()
        await home.says(light, KEPT)
        await light.power_cut()
        await light.power_on()
        await home.is_not_announced(light)


async def test_light_that_is_set_up_anew_announces_itself_again(home: Home) -> None:
    async with home.light() as light:
        await home.announced()
        await light.power_cut()
        await home.delete()
        await light.power_on()
        await home.is_not_announced(light)
        await light.power_cut()
        settings = json.loads((home.folder / "settings.json").read_bytes())
        settings["flashed"] += 3_600
        (home.folder / "settings.json").write_text(json.dumps(settings))
        await light.power_on()
        await home.discovery()


async def test_broker_that_forgot_the_light_is_told_again(home: Home) -> None:
    async with home.light():
        await home.announced()
        await home.broker.stop()
        await home.broker.start()
        await home.discovery()


async def test_light_that_is_forgotten_while_it_is_connected_comes_back_to_home_assistant(home: Home) -> None:
    """Where the broker still lets it in, it is a light."""
    async with home.light():
        await home.announced()
        for _ in range(2):
            await home.forget()
            await home.discovery()
            assert (await home.answers())[AVAILABILITY.format(light=NAME)] == b"online"


async def test_light_that_came_back_after_it_was_forgotten_can_be_deleted(home: Home) -> None:
    async with home.light() as light:
        await home.announced()
        await home.forget()
        await home.announced()
        await home.delete()
        await home.says(light, KEPT)
        await light.power_cut()
        await light.power_on()
        await home.is_not_announced(light)


async def test_light_under_another_name_is_the_same_device(home: Home) -> None:
    async with home.light():
        kitchen = await home.discovery()
    async with home.light("hall"):
        hall = await home.discovery("hall")
    assert kitchen.dev.ids == hall.dev.ids
    assert [each.uniq_id for each in kitchen.cmps.values()] == [each.uniq_id for each in hall.cmps.values()]
    assert (kitchen.dev.name, hall.dev.name) == (NAME, "hall")


async def test_light_started_again_in_its_folder_is_not_set_up_anew(home: Home) -> None:
    async with home.light():
        await home.announced()
    await home.delete()
    async with home.light() as light:
        await home.is_not_announced(light)
