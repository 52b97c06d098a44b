"""`presslight forget`: a light ends everywhere, while its stack runs and while it does not."""

import asyncio
import errno
import json
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner, Result
from websockets.asyncio.client import connect

from presslight.accounts_folder import AccountsFolder
from presslight.broker.accounts import CREDENTIALS, PASSWORDS, Accounts
from presslight.broker.mosquitto import Mosquitto
from presslight.cloud.server import BridgeServer
from presslight.cloud.settings import Settings
from presslight.cloud.store.database import patient
from presslight.cloud.store.tokens import issue_token
from presslight.command import app
from presslight.contract.address import BrokerAddress
from presslight.contract.phone import Hello, Welcome
from presslight.contract.phone_codec import decode_bridge_frame, encode
from presslight.contract.topics import AVAILABILITY, DISCOVERY, STATE
from presslight.mobile_sim.phone import Phone
from presslight.own_brokers import OWN_BROKERS
from presslight.simulated.simulated_light import SimulatedLight
from presslight.stack import Stack
from presslight.store_address import store_of
from presslight.verbs.accounts import mosquitto_reload_steps
from tests import forked
from tests.broker.clients import Client

ONCE = "Once one runs that reaches its broker"
WAIT_S = 100
TOLD_WITHOUT_AN_ACCOUNT = (
    "kitchen is forgotten\n"
    "A lamp that may still sign in comes back with its next report: take its account away at its broker first\n"
)


class Told(NamedTuple):
    code: int | None
    out: str
    err: str


async def forget(*words: str) -> Told:
    process = await forked.start("forget", *words, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    return Told(process.returncode, out.decode(), err.decode())


def forget_where_no_bridge_runs(*words: str) -> Told:
    """The same in this process, which waits for none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("presslight.verbs.forget.WAIT_S", 0)
        run = call(*words)
    return Told(run.exit_code, run.stdout, run.stderr)


@asynccontextmanager
async def watched(stack: Stack) -> AsyncIterator[Stack]:
    """A stack that runs as `presslight up` has it run."""
    async with stack:
        watching = asyncio.create_task(stack.restart_dead_parts())
        try:
            yield stack
        finally:
            watching.cancel()
            await asyncio.wait([watching])


def phone_of(stack: Stack) -> Phone:
    return Phone(stack.url, issue_token(stack.bridge.settings.store, phone="ann"))


async def kept_of(address: BrokerAddress, accounts: Accounts, light: str) -> list[str]:
    """What the broker keeps of a light, as Home Assistant hears it, up to a message of its own."""
    topics = [topic.format(light=light) for topic in (STATE, AVAILABILITY, DISCOVERY)]
    marker = DISCOVERY.format(light="marker")
    async with Client(address.signed_in_as("homeassistant", accounts.password("homeassistant"))) as hub:
        for topic in (STATE, AVAILABILITY, DISCOVERY):
            await hub.subscribe(topic.format(light="+"))
        await hub.publish(marker, b"{}")
        kept = []
        while (topic := str((await hub.hear()).topic)) != marker:
            kept.append(topic)
    return sorted(set(kept) & set(topics))


@pytest.mark.parametrize("broker", OWN_BROKERS)
async def test_light_is_gone_everywhere_while_its_stack_runs(broker: str, tmp_path: Path) -> None:
    async with asyncio.timeout(WAIT_S), watched(Stack(broker=broker, lights=2, folder=tmp_path)) as stack:
        password = json.loads((tmp_path / CREDENTIALS).read_text())["kitchen"]
        async with phone_of(stack) as phone, phone_of(stack) as other:
            await phone.until(lambda lights: len(lights) == 2 and lights["kitchen"].online)
            assert (await phone.press("kitchen", state="ON")).status == "applied"
            assert await forget("kitchen", "--state", str(tmp_path)) == (0, "kitchen is forgotten\n", "")
            for each in (phone, other):
                await each.until(lambda lights: set(lights) == {"living-room"})
            assert stack.broker is not None
            with pytest.raises(Exception, match=r"(?i)not authori[sz]ed"):
                async with Client(stack.broker.address.signed_in_as("kitchen", password)):
                    pass
            assert (await phone.press("living-room", state="ON")).status == "applied"
        assert "kitchen" not in json.loads((tmp_path / CREDENTIALS).read_text())
        again = await forget("kitchen", "--state", str(tmp_path))
        assert again == (2, "", "presslight: there is no light kitchen\n")
        async with phone_of(stack) as late:
            assert set(late.lights) == {"living-room"}


async def test_account_that_is_added_while_the_stack_runs_signs_in(tmp_path: Path) -> None:
    async with asyncio.timeout(WAIT_S), watched(Stack(lights=0, folder=tmp_path / "s")) as stack:
        accounts = Accounts.load(tmp_path / "s" / CREDENTIALS)
        accounts.add("attic")
        accounts.save(tmp_path / "s" / CREDENTIALS)
        assert stack.broker is not None
        address = stack.broker.address.signed_in_as("attic", accounts.password("attic"))
        async with phone_of(stack) as phone, SimulatedLight("attic", address, tmp_path / "flash"):
            await phone.until(lambda lights: "attic" in lights and lights["attic"].online)


async def frozen_reload(stack: Stack, heeding: "asyncio.Task[Any]", user: str, folder: Path) -> Mosquitto:
    """Have `heeding` take in that `user` was added, and wait for a Mosquitto that stands still."""
    assert isinstance(stack.broker, Mosquitto)
    os.kill(stack.broker.pid, signal.SIGSTOP)
    accounts = Accounts.load(folder / CREDENTIALS)
    accounts.add(user)
    accounts.save(folder / CREDENTIALS)
    while user not in (folder / "mosquitto" / PASSWORDS).read_text():
        assert not heeding.done()
        await asyncio.sleep(0)
    return stack.broker


async def test_mosquitto_that_dies_as_accounts_change_is_started_with_the_new_ones(tmp_path: Path) -> None:
    async with asyncio.timeout(WAIT_S), Stack(broker="mosquitto", lights=0, folder=tmp_path) as stack:
        watching = asyncio.create_task(stack.restart_dead_parts())
        try:
            broker = await frozen_reload(stack, watching, "attic", tmp_path)
            os.kill(broker.pid, signal.SIGKILL)
            accounts = Accounts.load(tmp_path / CREDENTIALS)
            attic = broker.address.signed_in_as("attic", accounts.password("attic"))
            signed_in = asyncio.create_task(until_signed_in(attic))
            await asyncio.wait({watching, signed_in}, return_when=asyncio.FIRST_COMPLETED)
            assert signed_in.done()
            assert not watching.done()
        finally:
            watching.cancel()
            await asyncio.wait([watching])


async def test_mosquitto_that_was_being_started_as_accounts_changed_hears_of_it(tmp_path: Path) -> None:
    async with asyncio.timeout(WAIT_S), Stack(broker="mosquitto", lights=0, folder=tmp_path) as stack:
        assert isinstance(stack.broker, Mosquitto)
        passwords = tmp_path / "mosquitto" / PASSWORDS
        old = passwords.read_text()
        await stack.broker.stop()
        accounts = Accounts.load(tmp_path / CREDENTIALS)
        accounts.add("attic")
        accounts.save(tmp_path / CREDENTIALS)
        await stack._apply_account_changes()
        await stack.broker.start()
        passwords.write_text(old)  # as a start had written it just before the change
        await stack._apply_account_changes()
        async with Client(stack.broker.address.signed_in_as("attic", accounts.password("attic"))):
            pass


async def test_topics_are_emptied_once_the_broker_knows_whoever_saw_the_change_first(tmp_path: Path) -> None:
    async with asyncio.timeout(WAIT_S), Stack(broker="mosquitto", lights=0, folder=tmp_path) as stack:
        first = asyncio.create_task(stack._apply_account_changes())
        broker = await frozen_reload(stack, first, "attic", tmp_path)
        second = asyncio.create_task(stack._apply_account_changes())
        for _ in range(100):
            await asyncio.sleep(0)
        assert not second.done()
        os.kill(broker.pid, signal.SIGCONT)
        await first
        await second


async def test_mosquitto_that_stands_still_as_accounts_change_is_told_once_and_hears_of_it_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presslight.broker.mosquitto.RELOAD_TIMEOUT_S", 0.05)
    told: list[str] = []
    made = Stack(broker="mosquitto", lights=0, folder=tmp_path, on_trouble=told.append)
    async with asyncio.timeout(WAIT_S), made as stack:
        heeding = asyncio.create_task(stack._apply_account_changes())
        broker = await frozen_reload(stack, heeding, "attic", tmp_path)
        assert [await heeding, await stack._apply_account_changes()] == [False, False]
        assert len(told) == 1
        assert "mosquitto has not responded" in told[0]
        os.kill(broker.pid, signal.SIGCONT)
        while not await stack._apply_account_changes():
            pass
        attic = Accounts.load(tmp_path / CREDENTIALS).password("attic")
        async with Client(broker.address.signed_in_as("attic", attic)):
            pass
        assert len(told) == 1


async def test_disk_that_is_full_as_accounts_change_is_told_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    made = Stack(broker="mosquitto", lights=0, folder=tmp_path, on_trouble=told.append)
    async with asyncio.timeout(WAIT_S), made as stack:
        accounts = Accounts.load(tmp_path / CREDENTIALS)
        accounts.add("attic")
        accounts.save(tmp_path / CREDENTIALS)
        with monkeypatch.context() as full:
            full.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
            await stack._apply_account_changes()
        assert len(told) == 1
        assert "No space left" in told[0]
        await stack._apply_account_changes()
        assert stack.broker is not None
        async with Client(stack.broker.address.signed_in_as("attic", accounts.password("attic"))):
            pass
        assert len(told) == 1


async def test_light_that_gets_the_name_later_is_shown_whatever_its_versions(tmp_path: Path) -> None:
    async with asyncio.timeout(WAIT_S), watched(Stack(lights=1, folder=tmp_path / "s")) as stack:
        phone = phone_of(stack)
        async with phone:
            await phone.until(lambda lights: "kitchen" in lights and lights["kitchen"].online)
            before = phone.lights["kitchen"].version
            assert (await forget("kitchen", "--state", str(tmp_path / "s"))).code == 0
            await phone.until(lambda lights: not lights)
            accounts = Accounts.load(tmp_path / "s" / CREDENTIALS)
            accounts.add("kitchen")
            accounts.save(tmp_path / "s" / CREDENTIALS)
            assert stack.broker is not None
            settings = {"state": "ON", "brightness": 9, "boot": "00000001", "up": 5, "version": [1, 0]}
            address = stack.broker.address.signed_in_as("kitchen", accounts.password("kitchen"))
            await until_signed_in(address)
            async with Client(address) as lamp:
                await lamp.publish(STATE.format(light="kitchen"), json.dumps(settings).encode(), retain=True)
                await phone.until(lambda lights: "kitchen" in lights)
            assert phone.lights["kitchen"].version == (1, 0) < before


async def until_signed_in(address: BrokerAddress) -> None:
    while True:
        try:
            async with Client(address):
                return
        except Exception:
            await asyncio.sleep(0.05)


async def test_what_was_asked_while_no_bridge_ran_is_not_done_to_the_light_that_came_since(tmp_path: Path) -> None:
    house = Accounts.make(["kitchen", "hall"], others=("bridge", "homeassistant"))
    async with asyncio.timeout(WAIT_S), Mosquitto(house, tmp_path / "m") as broker:
        address = broker.address.signed_in_as("bridge", house.password("bridge"))
        for light in ("kitchen", "hall"):
            user = broker.address.signed_in_as(light, house.password(light))
            async with SimulatedLight(light, user, tmp_path / light) as lamp:
                await lamp.until(lambda output: output.link == "up")
                while len(await kept_of(broker.address, house, light)) < 3:
                    pass
        store = store_of(tmp_path)
        issue_token(store, phone="ann")
        (tmp_path / CREDENTIALS).write_text(house.to_json())
        (tmp_path / "kitchen.url").write_text(f"{user.url()}\n")
        asked = forget_where_no_bridge_runs("kitchen", "--state", str(tmp_path))
        assert (asked.code, asked.err) == (0, "")
        assert not (tmp_path / "kitchen.url").exists()
        repeat = f"{ONCE}: presslight forget kitchen --state {tmp_path}\n"
        assert asked.out.startswith(f"The account of kitchen is gone; no bridge has answered. {repeat}")
        again = forget_where_no_bridge_runs("kitchen", "--state", str(tmp_path))
        assert (again.code, again.out) == (2, "")
        assert again.err == f"presslight: no bridge has answered, and nothing was done. {repeat}"
        async with BridgeServer(Settings(broker=address, store=store), port=0) as bridge:
            async with Phone(bridge.url, issue_token(store, phone="ann")) as phone:
                await phone.until(lambda lights: set(lights) == {"hall", "kitchen"})
                assert await forget("kitchen", "--state", str(tmp_path)) == (0, TOLD_WITHOUT_AN_ACCOUNT, "")
                await phone.until(lambda lights: set(lights) == {"hall"})
            assert await kept_of(broker.address, house, "kitchen") == []
            assert len(await kept_of(broker.address, house, "hall")) == 3


async def test_phone_that_was_away_hears_of_it_when_it_comes_back(tmp_path: Path) -> None:
    async with asyncio.timeout(WAIT_S), watched(Stack(lights=2, folder=tmp_path)) as stack:
        async with phone_of(stack) as phone:
            await phone.until(lambda lights: len(lights) == 2 and lights["kitchen"].online)
            have = phone._screen.have()
        assert (await forget("kitchen", "--state", str(tmp_path))).code == 0
        hello = Hello(type="hello", versions=(1,), token=issue_token(store_of(tmp_path), phone="ann"), have=have)
        async with connect(f"{stack.url.replace('http', 'ws')}/ws") as socket:
            await socket.send(encode(hello))
            welcome = decode_bridge_frame(await socket.recv())
        assert isinstance(welcome, Welcome)
        assert (welcome.gone, welcome.lights) == (("kitchen",), ())


@asynccontextmanager
async def refusing_house(folder: Path) -> AsyncIterator[tuple[Mosquitto, Phone]]:
    """A light that is on, a phone, and a bridge whose broker does not let it empty a state."""
    house = Accounts.make(["kitchen"])
    async with asyncio.timeout(WAIT_S), Mosquitto(house, folder / "m") as broker:
        rights = folder / "m" / "acl"
        rights.write_text(rights.read_text().replace("topic write presslight/light/+/state", ""))
        os.kill(broker.pid, signal.SIGHUP)
        settings = Settings(
            broker=broker.address.signed_in_as("bridge", house.password("bridge")), store=store_of(folder)
        )
        lamp = broker.address.signed_in_as("kitchen", house.password("kitchen"))
        async with (
            BridgeServer(settings, port=0) as bridge,
            SimulatedLight("kitchen", lamp, folder / "kitchen"),
            Phone(bridge.url, issue_token(settings.store, phone="ann")) as phone,
        ):
            await phone.until(lambda lights: "kitchen" in lights)
            yield broker, phone


async def test_bridge_without_the_right_says_so(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    CliRunner().invoke(app, ["accounts", str(secrets), "kitchen"])
    before = {file: file.read_bytes() for file in secrets.iterdir()}
    async with refusing_house(tmp_path) as (_, phone):
        for accounts in ([], ["--accounts", str(secrets)]):
            told = await forget("kitchen", "--state", str(tmp_path), *accounts)
            assert (told.code, told.out) == (2, "")
            assert "does not let the bridge empty the topics of kitchen" in told.err
            assert "taken away" not in told.err
            assert "kitchen" in phone.lights
    assert {file: file.read_bytes() for file in secrets.iterdir()} == before


async def test_account_that_went_before_the_broker_refused_is_told(tmp_path: Path) -> None:
    Accounts.make(["kitchen"]).save(tmp_path / CREDENTIALS)
    async with refusing_house(tmp_path) as (broker, _):
        told = await forget("kitchen", "--state", str(tmp_path))
        assert (told.code, told.out) == (2, "")
        assert "then forget kitchen again; its account is taken away already" in told.err
        assert Accounts.load(tmp_path / CREDENTIALS).users == ("bridge",)
        await broker.reload()  # with the contract's rights
        assert (await forget("kitchen", "--state", str(tmp_path))).out.startswith("kitchen is forgotten\n")


def test_command_to_repeat_names_the_store_and_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.verbs.forget.WAIT_S", 0)
    store = made(tmp_path / "a store.db")
    told = call("kitchen", "--store", str(store)).stderr
    assert told.endswith(f"{ONCE}: presslight forget kitchen --store '{store}'\n")


def test_folder_without_a_store_is_one_line_and_gets_none(tmp_path: Path) -> None:
    for where in (("--state", str(tmp_path)), ("--store", str(tmp_path / "my.db"))):
        answer = call("kitchen", *where)
        assert (answer.exit_code, answer.stderr.count("\n"), answer.stdout) == (2, 1, "")
        assert "there is no store" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def made(store: Path) -> Path:
    """A store as a bridge leaves it."""
    with patient(store):
        return store


def call(*words: str) -> Result:
    return CliRunner().invoke(app, ["forget", *words], env={"PRESSLIGHT_STORE": None})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["kitchen"], "--state or --store"),
        (["Kitchen", "--state", "."], "a light's name"),
        (["bridge", "--state", "."], "a light's name"),
        (["", "--state", "."], "a light's name"),
        (["../x", "--state", "."], "a light's name"),
        (["kitchen", "--state", "nowhere"], "nowhere"),
        (["kitchen", "--state", "STATE", "--accounts", "nowhere"], "nowhere"),
        (["kitchen", "--state", "STATE", "--accounts", "STATE"], "there are no accounts"),
    ],
)
def test_what_cannot_be_is_one_line_and_changes_nothing(words: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    made(store_of(tmp_path / "state"))
    answer = call(*(str(tmp_path / "state") if word == "STATE" else word for word in words))
    assert (answer.exit_code, answer.stderr.count("\n"), answer.stdout) == (2, 1, "")
    assert said in answer.stderr


def test_account_in_a_folder_goes_too_and_the_reload_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.verbs.forget.WAIT_S", 0)
    (tmp_path / "state").mkdir()
    made(store_of(tmp_path / "state"))
    CliRunner().invoke(app, ["accounts", str(tmp_path / "secrets"), "kitchen", "hall", "--host", "broker.example"])
    answer = call("kitchen", "--state", str(tmp_path / "state"), "--accounts", str(tmp_path / "secrets"))
    assert answer.exit_code == 0
    assert mosquitto_reload_steps(tmp_path / "secrets") in answer.stdout
    assert "forget kitchen again" in answer.stdout
    assert f"{ONCE}: presslight forget kitchen --state {tmp_path / 'state'}\n" in answer.stdout
    assert AccountsFolder.open(tmp_path / "secrets").accounts.users == ("bridge", "hall")
    assert not (tmp_path / "secrets" / "kitchen.url").exists()
    assert "no bridge has answered" in call("kitchen", "--state", str(tmp_path / "state")).stderr
