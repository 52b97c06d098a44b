"""`presslight up` and `presslight token` as their users run them: in processes of their own, ended by a signal."""

import asyncio
import os
import re
import signal
import socket
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from presslight import broker_port
from presslight.broker.accounts import Accounts
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.cloud.mqtt.aiomqtt_client import AiomqttClient
from presslight.cloud.store.database import patient
from presslight.mobile_sim.phone import Phone
from presslight.own_brokers import OWN_BROKERS
from presslight.store_address import store_of
from tests import forked
from tests.forked import Forked
from tests.ports import lasting

WAIT_S = 30
LINK = re.compile(r"(http://[^/\s]+)/#token=(\S+)")

FORM = re.compile(
    r"Broker +(?P<host>\S+)\s+Port +(?P<port>\d+)\s+Username +(?P<user>\S+)\s+Password +(?P<password>\S+)"
)

Start = Callable[..., Coroutine[Any, Any, Forked]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts `presslight …` with its temporary files in the test's folder; whatever still runs is ended."""
    started: list[Forked] = []

    async def run(*words: str, **environment: str) -> Forked:
        own = os.environ | {"TMPDIR": str(tmp_path), "COLUMNS": "200"} | environment
        started.append(await forked.start(*words, stdout=PIPE, stderr=PIPE, env=own))
        return started[-1]

    yield run
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def said(process: Forked, wanted: str) -> str:
    """What it prints up to the line with `wanted`, that line included."""
    assert process.stdout
    text = ""
    async with asyncio.timeout(WAIT_S):
        while line := await process.stdout.readline():
            text += line.decode()
            if wanted in text:
                return text
    raise AssertionError(f"it ended without {wanted!r}: {text}{(await process.communicate())[1].decode()}")


async def ended(process: Forked) -> tuple[int | None, str]:
    """Its exit code and what it wrote to stderr."""
    async with asyncio.timeout(WAIT_S):
        _, complaint = await process.communicate()
    return process.returncode, complaint.decode()


def is_empty(folder: Path) -> bool:
    """Whether nothing is left in the folder."""
    return not list(folder.iterdir())


def is_gone(pid: str) -> bool:
    """Whether that process has ended."""
    return not Path(f"/proc/{pid}").exists()


def stored(folder: Path) -> bytes:
    """All that the bridge's store holds on disk."""
    return b"".join(file.read_bytes() for file in folder.glob("presses.db*"))


def children(pid: int) -> list[str]:
    """The processes that `pid` started and that still run."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_demo_presses_each_light_and_leaves_nothing(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    demo = await start("up", "--demo", "--port", "0")
    text = await said(demo, "Ctrl-C ends it.")
    for light in ("kitchen", "living-room", "hall"):
        assert re.search(rf"{light} .* applied .* ms .* ms .* 2,000 ms", text)
    lights = children(demo.pid)
    assert len(lights) == 3
    link = LINK.search(text)
    assert link
    demo.send_signal(number)
    demo.send_signal(number)
    assert await ended(demo) == (0, "")
    assert all(is_gone(pid) for pid in lights)
    assert is_empty(tmp_path)
    host, port = link[1].removeprefix("http://").split(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port)))


@pytest.mark.parametrize(
    ("words", "ready"),
    [
        (("up", "--lights", "1", "--port", "0"), "Ctrl-C ends it."),
        (("light", "--broker", "mqtt://127.0.0.1:9"), "lost"),
    ],
)
async def test_what_a_kill_left_goes_with_the_next_start(
    start: Start, tmp_path: Path, words: tuple[str, ...], ready: str
) -> None:
    killed = await start(*words)
    await said(killed, ready)
    killed.kill()
    await killed.communicate()
    assert not is_empty(tmp_path)
    again = await start(*words)
    await said(again, ready)
    again.terminate()
    await ended(again)
    assert is_empty(tmp_path)


async def test_mosquitto_serves_as_well(start: Start) -> None:
    house = await start("up", "--broker", "mosquitto", "--lights", "1", "--port", "0")
    link = LINK.search(await said(house, "Ctrl-C ends it."))
    assert link
    async with asyncio.timeout(WAIT_S), Phone(link[1], link[2]) as phone:
        await phone.until(lambda lights: phone.broker and "kitchen" in lights and lights["kitchen"].online)
        assert (await phone.press("kitchen", state="ON")).status == "applied"
    house.terminate()
    assert await ended(house) == (0, "")


async def test_port_in_use_is_one_line(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, complaint = await ended(await start("up", "--port", str(port)))
    told = "name another one with --port (make demo PORT=8788)"
    assert (code, complaint) == (2, f"presslight: port {port} on 127.0.0.1 is in use: {told}\n")


async def test_no_micropython_is_one_line(start: Start, tmp_path: Path) -> None:
    code, complaint = await ended(await start("up", "--port", "0", PRESSLIGHT_MICROPYTHON="/no/such/program"))
    assert code == 2
    assert complaint.startswith("presslight: ")
    assert complaint.count("\n") == 1
    assert is_empty(tmp_path)


async def test_bad_broker_address_is_one_line_without_its_password(start: Start) -> None:
    code, complaint = await ended(await start("up", "--port", "0", "--broker", "http://me:geheim@host"))
    assert code == 2
    assert complaint.count("\n") == 1
    assert "geheim" not in complaint


async def test_token_lets_a_phone_in_until_it_is_revoked(start: Start, tmp_path: Path) -> None:
    folder = str(tmp_path / "house")
    house = await start("up", "--lights", "0", "--port", "0", "--state", folder)
    text = await said(house, "Ctrl-C ends it.")
    assert not LINK.search(text)
    url = text.split("Phone page: ")[1].split()[0]
    token = (await said(await start("token", "--state", folder, "--phone", "ada"), "\n")).strip()
    async with asyncio.timeout(WAIT_S), Phone(url, token) as phone:
        assert phone.welcome.phone == "ada"
    assert "ada" in await said(await start("token", "--state", folder, "--list"), "ada")
    assert await said(await start("token", "--state", folder, "--phone", "ada", "--revoke"), "revoked") == "1 revoked\n"
    house.terminate()
    assert await ended(house) == (0, "")
    assert token.encode() not in stored(tmp_path / "house")


async def test_token_without_a_house_is_one_line(start: Start, tmp_path: Path) -> None:
    code, complaint = await ended(await start("token", "--state", str(tmp_path / "nowhere")))
    assert (code, complaint.count("\n")) == (2, 1)


@pytest.mark.parametrize("broker", OWN_BROKERS)
async def test_home_assistant_connects_with_what_is_printed_and_later_starts_keep_it(
    start: Start, tmp_path: Path, broker: str
) -> None:
    port, folder = lasting(), str(tmp_path / "house")
    words = ("up", "--broker", broker, "--lights", "1", "--port", "0", "--state", folder)
    house = await start(*words, "--home-assistant", "--broker-port", str(port))
    form = FORM.search(await said(house, "Ctrl-C ends it."))
    assert form
    assert (form["host"], form["port"], form["user"]) == ("127.0.0.1", str(port), "homeassistant")
    await hears_the_kitchen(form)
    house.terminate()
    assert await ended(house) == (0, "")
    later = await start(*words)
    assert form["password"] not in await said(later, "Ctrl-C ends it.")
    await hears_the_kitchen(form)
    later.terminate()
    assert await ended(later) == (0, "")


async def test_light_that_does_not_come_back_with_a_killed_house_is_offline_for_home_assistant(
    start: Start, tmp_path: Path
) -> None:
    """Broker, bridge and light die together, and the first two come back; Home Assistant was there all the while."""
    words = ("up", "--port", "0", "--state", str(tmp_path / "house"))
    house = await start(*words, "--lights", "1", "--home-assistant", "--broker-port", str(lasting()))
    form = FORM.search(await said(house, "Ctrl-C ends it."))
    assert form
    await hears_the_kitchen(form)
    house.kill()
    await house.wait()
    later = await start(*words, "--lights", "0")
    await said(later, "Ctrl-C ends it.")
    await hears_the_kitchen(form, b"offline")
    later.terminate()
    assert await ended(later) == (0, "")


async def hears_the_kitchen(form: re.Match[str], wanted: bytes = b"online") -> None:
    """Sign in as a form's owner with MQTT 5, and wait until the light is said to be there, or not to be."""
    async with (
        asyncio.timeout(WAIT_S),
        AiomqttClient(
            form["host"],
            int(form["port"]),
            username=form["user"],
            password=form["password"],
            protocol=aiomqtt.ProtocolVersion.V5,
            will=aiomqtt.Will("homeassistant/status", b"offline"),
        ) as assistant,
    ):
        await assistant.subscribe("presslight/light/+/availability")
        async for message in assistant.messages:
            if message.payload == wanted:  # a broker may keep what was so before
                return


async def test_home_assistant_at_another_broker_is_told_in_a_line_what_to_do(start: Start, accounts: Accounts) -> None:
    async with EmbeddedBroker(accounts) as elsewhere:
        address = elsewhere.address.signed_in_as("bridge", accounts.password("bridge"))
        house = await start("up", "--broker", address.url(), "--lights", "0", "--port", "0", "--home-assistant")
        text = await said(house, "Ctrl-C ends it.")
    (line,) = [line for line in text.splitlines() if "Home Assistant" in line]
    assert "docs/running.md" in line
    assert accounts.password("bridge") not in text


@pytest.fixture
def accounts() -> Accounts:
    return Accounts.make([])


@pytest.mark.parametrize("broker", OWN_BROKERS)
async def test_broker_port_in_use_is_one_line_that_names_the_option(start: Start, broker: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, complaint = await ended(await start("up", "--port", "0", "--broker", broker, "--broker-port", port))
    assert code == 2
    taken_by_another = f"port {port} on 127.0.0.1 is in use by another program"
    assert complaint == f"presslight: {taken_by_another}: name another with --broker-port\n"
    assert is_empty(tmp_path)


@pytest.mark.parametrize("broker", OWN_BROKERS)
async def test_kept_broker_port_that_is_taken_is_told_and_stops_no_private_start(
    start: Start, broker: str, tmp_path: Path
) -> None:
    folder = tmp_path / "house"
    words = ("up", "--broker", broker, "--lights", "0", "--port", "0", "--state", str(folder))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        folder.mkdir()
        broker_port.write_port(folder, port)
        private = await start(*words)
        await said(private, "Ctrl-C ends it.")
        private.terminate()
        code, complaint = await ended(private)
        assert code == 0
        assert f"port {port} on 127.0.0.1 is in use by another program" in complaint
        assert broker_port.read(folder) == port
        code, complaint = await ended(await start(*words, "--home-assistant"))
        assert (code, complaint.count("\n")) == (2, 1)
        assert "--broker-port" in complaint
    private = await start(*words)
    await said(private, "Ctrl-C ends it.")
    private.terminate()
    assert await ended(private) == (0, "")


@pytest.mark.parametrize(
    "words",
    [
        ("--lan", "--host", "127.0.0.1"),
        ("--broker", "mqtt://me:geheim@127.0.0.1:1", "--broker-port", "1883"),
    ],
)
async def test_options_that_contradict_each_other_are_one_line(start: Start, words: tuple[str, ...]) -> None:
    code, complaint = await ended(await start("up", "--port", "0", "--lights", "0", *words))
    assert (code, complaint.count("\n")) == (2, 1)
    assert complaint.startswith("presslight: ")
    assert "geheim" not in complaint


@pytest.mark.parametrize(
    ("words", "link"),
    [
        ((), None),
        (("--url", "https://home.example/house1/"), "https://home.example:443/house1/#token="),
        (("--url", "http://192.168.1.5:8787"), "http://192.168.1.5:8787/#token="),
    ],
)
async def test_token_prints_nothing_but_itself_unless_it_is_told_the_page_s_address(
    start: Start, tmp_path: Path, words: tuple[str, ...], link: str | None
) -> None:
    with patient(store_of(tmp_path)):
        made = await start("token", "--state", str(tmp_path), *words)
    async with asyncio.timeout(WAIT_S):
        text, complaint = (piece.decode() for piece in await made.communicate())
    token = text.splitlines()[0]
    assert (made.returncode, complaint) == (0, "")
    assert text == f"{token}\n" + (f"{link}{token}\n" if link else "")


@pytest.mark.parametrize("url", ["ftp://x", "192.168.1.5", "http://h/#token=abc", "http://me:geheim@h"])
async def test_page_s_address_that_is_none_is_one_line(start: Start, tmp_path: Path, url: str) -> None:
    code, complaint = await ended(await start("token", "--state", str(tmp_path), "--url", url))
    assert (code, complaint.count("\n")) == (2, 1)
    assert "geheim" not in complaint
