"""`presslight up --lan` in a network of its own: what it tells, and that others reach it there."""

import asyncio
import os
import pty
import re
import select
import shlex
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from presslight.cloud.store.database import patient
from presslight.command import app
from presslight.lan import NOT_THERE
from presslight.mobile_sim.phone import Phone
from presslight.own_brokers import OWN_BROKERS
from presslight.page_link import RECORD
from presslight.store_address import store_of
from tests import forked
from tests.forked import Forked
from tests.lab.namespace import Namespace, is_permitted
from tests.presslight import qr_reader
from tests.test_quotes import blocks

pytestmark = pytest.mark.skipif(not is_permitted(), reason="no right to make networks")

WAIT_S = 60
ADDRESS = "10.77.0.1"
UP = "Ctrl-C ends it."
Start = Callable[..., Coroutine[Any, Any, str]]


@pytest.fixture
def network() -> Iterator[Namespace]:
    space = Namespace()
    yield space
    space.close()


@pytest.fixture
def lan(network: Namespace) -> Iterator[Namespace]:
    """A network in which this machine is 10.77.0.1."""
    tun = network.open_tun(ADDRESS, "10.77.0.2")
    yield network
    os.close(tun)


@pytest.fixture
async def start(network: Namespace, tmp_path: Path) -> AsyncIterator[Start]:
    """Runs `presslight …` in the network, on a terminal unless told otherwise; gives what it printed until it is up."""
    async with AsyncExitStack() as ended:

        async def run(*words: str, terminal: bool = True, until: str | None = UP) -> str:
            ours, theirs = pty.openpty() if terminal else os.pipe()
            ended.callback(os.close, ours)
            own = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "100"}
            own |= {"TMPDIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
            with network.entered():
                process = await forked.start(*words, stdout=theirs, stderr=theirs, env=own)
            os.close(theirs)
            ended.push_async_callback(end, process)
            return heard(ours, until)

        yield run


async def end(process: Forked) -> None:
    process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(WAIT_S):
            await process.wait()
    finally:
        process.kill()
        await process.wait()


def heard(file: int, until: str | None) -> str:
    """What comes until these words; until the end where there are none."""
    said, deadline = b"", time.monotonic() + WAIT_S
    while until is None or until.encode() not in said:
        if not select.select([file], [], [], max(0, deadline - time.monotonic()))[0]:
            break
        try:
            piece = os.read(file, 65_536)
        except OSError:  # a terminal whose other end is closed
            piece = b""
        if not piece:
            break
        said += piece
    assert until is None or until in said.decode(), said.decode()
    return said.decode()


def answers(network: Namespace, host: str, port: int) -> bool:
    with network.entered(), socket.socket() as probe:
        probe.settimeout(WAIT_S)
        return probe.connect_ex((host, port)) == 0


@pytest.mark.parametrize("broker", OWN_BROKERS)
async def test_phones_and_home_assistant_are_told_where_to_connect(
    lan: Namespace, start: Start, tmp_path: Path, broker: str
) -> None:
    more = ("--lights", "0", "--port", "8788", "--broker", broker)
    said = await start(*as_documented(tmp_path), *more)
    assert "Phone page: http://10.77.0.1:8788" in said
    assert qr_reader.read(said) == ["http://10.77.0.1:8788"]
    assert "Broker: mqtt://10.77.0.1:1883" in said
    form = dict(re.findall(r"^  (Broker|Port|Username|Password) +(\S+)\s*$", said, re.MULTILINE))
    assert (form["Broker"], form["Port"], form["Username"]) == (ADDRESS, "1883", "homeassistant")
    for host in (ADDRESS, "127.0.0.1"):
        assert answers(lan, host, 8788)
        assert answers(lan, host, 1883)
    again = await start("up", "--lan", "--home-assistant", "--lights", "0", "--port", "8789", "--broker", broker)
    assert "Port      1883" not in again


def as_documented(folder: Path) -> list[str]:
    """The command of docs/running.md, with another folder."""
    page = (Path(__file__).parents[2] / "docs/running.md").read_text(encoding="utf-8")
    line = re.search(r"^presslight (up --home-assistant .*)$", page, re.MULTILINE)
    assert line
    return [word.replace("/var/lib/presslight", str(folder / "house")) for word in line[1].split()]


def first_light() -> dict[str, list[str]]:
    """The commands of docs/first-light.md by their verbs, for the address of this network."""
    pasted = "".join(blocks(Path(__file__).parents[2] / "docs/first-light.md")).replace("192.168.1.5", ADDRESS)
    lines = [shlex.split(line) for line in pasted.splitlines() if line.startswith("presslight ")]
    return {words[1]: words[1:] for words in lines}


async def test_first_light_is_a_light_of_the_house_by_what_its_page_says(
    lan: Namespace, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = first_light()
    assert "Broker: mqtt://10.77.0.1:1883" in await start(*page["up"])
    said = await start(*page["accounts"], terminal=False, until=None)
    assert "house/desk.url" in said
    assert (tmp_path / "house/desk.url").read_text().endswith("@10.77.0.1:1883\n")
    await start(*page["light"], terminal=False, until="link up")
    token = (await start(*page["token"], terminal=False, until=None)).strip()
    with lan.entered():
        async with asyncio.timeout(WAIT_S), Phone(f"http://{ADDRESS}:8787", token) as phone:
            await phone.until(lambda lights: "desk" in lights and lights["desk"].online)
            assert (await phone.press("desk", state="ON")).status == "applied"


async def test_demo_in_the_network_presses_and_shows_the_code(lan: Namespace, start: Start) -> None:
    said = await start("up", "--demo", "--lan", "--lights", "1", "--port", "0")
    assert re.search(r"kitchen .* applied", said)
    (link,) = qr_reader.read(said)
    assert f"Phone page: {link}" in said.replace("\r", "")
    assert link.startswith(f"http://{ADDRESS}:")


async def test_every_address_as_the_host_is_told_as_the_network_s(lan: Namespace, start: Start) -> None:
    said = await start("up", "--host", "0.0.0.0", "--lights", "0", "--port", "8788")
    assert "http://10.77.0.1:8788/#token=" in said
    assert "0.0.0.0" not in said
    assert not answers(lan, ADDRESS, 1883)


async def test_without_a_terminal_the_link_has_to_do(lan: Namespace, start: Start) -> None:
    said = await start("up", "--lan", "--lights", "0", "--port", "8788", terminal=False)
    assert "http://10.77.0.1:8788/#token=" in said
    assert "\x1b" not in said
    assert not set(said) & set("▀▄█")


async def test_machine_without_a_network_says_so(network: Namespace, start: Start) -> None:
    said = await start("up", "--lan", "--lights", "0", "--port", "8788")
    assert NOT_THERE in said
    assert "http://127.0.0.1:8788/#token=" in said
    assert qr_reader.read(said) == []


async def test_loopback_stays_the_default(lan: Namespace, start: Start) -> None:
    said = await start("up", "--lights", "0", "--port", "8788", "--home-assistant")
    assert "http://127.0.0.1:8788/#token=" in said
    assert "--lan" in said
    assert qr_reader.read(said) == []
    assert "Broker    127.0.0.1" in said
    for port in (8788, 1883):
        assert answers(lan, "127.0.0.1", port)
        assert not answers(lan, ADDRESS, port)


async def test_token_comes_with_the_link_that_the_bridge_last_had(lan: Namespace, start: Start, tmp_path: Path) -> None:
    folder = str(tmp_path / "house")
    await start("up", "--lan", "--lights", "0", "--port", "8788", "--state", folder)
    said = await start("token", "--state", folder, until="#token=")
    assert "http://10.77.0.1:8788/#token=" in said


async def test_token_s_code_reads_as_its_link(lan: Namespace, start: Start, tmp_path: Path) -> None:
    folder = str(tmp_path / "house")
    await start("up", "--lights", "0", "--port", "8788", "--state", folder)
    said = await start("token", "--state", folder, "--lan", until=None)
    token, link = said.replace("\r", "").splitlines()[:2]
    assert qr_reader.read(said) == [link]
    assert link == f"http://10.77.0.1:8788/#token={token}"


def test_token_for_a_network_that_is_not_there_is_one_line(network: Namespace, tmp_path: Path) -> None:
    with patient(store_of(tmp_path)), network.entered():
        told = CliRunner().invoke(app, ["token", "--state", str(tmp_path), "--lan"])
    assert (told.exit_code, told.stderr) == (2, f"presslight: {NOT_THERE}\n")


async def test_page_s_address_that_cannot_be_kept_is_told_and_the_bridge_stays(
    lan: Namespace, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "house" / RECORD).mkdir(parents=True)
    said = await start("up", "--lights", "0", "--port", "8788", "--state", str(tmp_path / "house"))
    assert f"presslight: {tmp_path / 'house' / RECORD}: Is a directory" in said
    assert answers(lan, "127.0.0.1", 8788)
