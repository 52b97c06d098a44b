"""The look-up of a name under the real MicroPython, against real name servers that answer as a test wants."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from presslight.micropython import Command
from presslight.simulated.child_process import ChildProcess
from presslight.simulated.simulated_light import ENVIRONMENT
from tests.firmware.bare_broker import WAIT_S
from tests.firmware.name_answers import AAAA, CNAME, POINTER, address, answer, question, record, wire_name
from tests.firmware.name_servers import PlayedServer, Replies, name_servers

NAME = "broker.example"
HASTY = """
    import asyncio
    usual = asyncio.sleep_ms
    asyncio.sleep_ms = lambda ms: usual(ms // 10)
"""
"""Its 3 s a server are a tenth as long."""
LOOK_UP = """
    import machine, sys
    from lamp.resolver import resolve
    from lamp.wifi import Wifi
    wifi = Wifi("kitchen", "home", "secret")
    wifi.start()
    async def look_up():
        try:
            print("found", *await resolve(NAME, wifi.station))
        except OSError as error:
            print("failed:", error)
        sys.exit()
    asyncio.run(look_up())
"""


async def looked_up(micropython: Command, folder: Path, names: str, name: str = NAME) -> list[str]:
    """All that the light prints about it."""
    script = folder / "main.py"
    script.write_text(f"NAME = {name!r}\n{dedent(HASTY)}{dedent(LOOK_UP)}")
    run = [*micropython, "-X", "heapsize=112k", str(script)]
    child = await ChildProcess.start(run, folder, ENVIRONMENT | {"NAME_SERVERS": names})
    try:
        async with asyncio.timeout(WAIT_S):
            return [line.decode().rstrip() async for line in child.lines()]
    finally:
        await child.end_process()


async def asked(micropython: Command, folder: Path, *replies: Replies) -> tuple[list[str], list[PlayedServer]]:
    async with name_servers(*replies) as (servers, names):
        return await looked_up(micropython, folder, names), servers


def silent(_: bytes) -> list[bytes]:
    return []


def good(sent: bytes) -> list[bytes]:
    return [answer(sent, [address("192.0.2.7")])]


def other(sent: bytes) -> list[bytes]:
    return [answer(sent, [address("192.0.2.8")])]


def refusing(sent: bytes) -> list[bytes]:
    return [answer(sent, code=2)]


def unknowing(sent: bytes) -> list[bytes]:
    return [answer(sent, code=3)]


async def test_question_is_asked_under_another_id_each_time(micropython: Command, tmp_path: Path) -> None:
    async with name_servers(good) as ([server], names):
        for _ in range(8):
            assert await looked_up(micropython, tmp_path, names) == ["found 192.0.2.7"]
        assert {each[2:] for each in server.asked} == {question(NAME)[2:]}
        assert len({each[:2] for each in server.asked}) > 4


ALIASES = [record(CNAME, wire_name("a.example")), address("192.0.2.7", wire_name("a.example"))]


@pytest.mark.parametrize(
    "records",
    [[address("192.0.2.7")], ALIASES, [record(CNAME, b"\1b" + POINTER), address("192.0.2.7", b"\1b" + POINTER)]],
    ids=["plain", "alias", "compressed"],
)
async def test_name_server_that_knows_the_name(micropython: Command, tmp_path: Path, records: list[bytes]) -> None:
    lines, _ = await asked(micropython, tmp_path, lambda sent: [answer(sent, records)])
    assert lines == ["found 192.0.2.7"]


async def test_all_addresses_are_found(micropython: Command, tmp_path: Path) -> None:
    both = [address("192.0.2.7"), address("192.0.2.8")]
    lines, _ = await asked(micropython, tmp_path, lambda sent: [answer(sent, both)])
    assert lines == ["found 192.0.2.7 192.0.2.8"]


async def test_answer_that_comes_when_it_was_asked_again_is_taken(micropython: Command, tmp_path: Path) -> None:
    before: list[bytes] = []

    def late(sent: bytes) -> list[bytes]:
        before.append(sent)
        return good(before[0]) if len(before) > 1 else []

    lines, _ = await asked(micropython, tmp_path, late)
    assert lines == ["found 192.0.2.7"]
    assert before == [before[0]] * 2


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda sent: b"\xff\xff" + good(sent)[0][2:],
        lambda sent: good(question("other.example", sent[:2]))[0],
        lambda sent: sent,
        lambda sent: good(sent)[0][:-1],
        lambda _: b"garbage",
        lambda sent: answer(sent, [b"\xc0" + bytes((len(sent),)) + b"\x3f" * 400], count=65_535),
        lambda sent: sent[:2] + b"\x83\x80" + sent[4:6] + bytes(6) + sent[12:-1],
    ],
    ids=["id", "name", "question", "cut", "garbage", "circle", "truncated"],
)
async def test_nonsense_is_passed_over_and_the_answer_behind_it_taken(
    micropython: Command, tmp_path: Path, nonsense: Callable[[bytes], bytes]
) -> None:
    lines, _ = await asked(micropython, tmp_path, lambda sent: [nonsense(sent), *good(sent)])
    assert lines == ["found 192.0.2.7"]


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (silent, "the name server is silent"),
        (refusing, "the name server refuses"),
        (unknowing, "the name is unknown"),
        (lambda sent: [answer(sent, [record(AAAA, bytes(16))])], "the name has no IPv4 address"),
        (lambda _: [b"garbage"] * 3, "the name server is silent"),
        (lambda _: [b""], "the name server is silent"),
    ],
    ids=["silent", "refusing", "unknowing", "IPv6", "garbage", "empty"],
)
async def test_next_name_server_is_asked_where_the_first_does_not_help(
    micropython: Command, tmp_path: Path, first: Replies, why: str
) -> None:
    lines, _ = await asked(micropython, tmp_path, first, other)
    assert lines == [f"{NAME}: {why}: 127.0.0.1", "found 192.0.2.8"]


async def test_silent_name_server_is_asked_twice(micropython: Command, tmp_path: Path) -> None:
    lines, [server] = await asked(micropython, tmp_path, silent)
    assert lines == [f"{NAME}: the name server is silent: 127.0.0.1", "failed: the name server is silent"]
    assert server.asked == [server.asked[0]] * 2


async def test_name_server_that_is_not_there_is_told(micropython: Command, tmp_path: Path) -> None:
    async with name_servers(silent) as ([server], names):
        server.close()
        await asyncio.sleep(0)
        lines = await looked_up(micropython, tmp_path, names)
    assert lines[-1].startswith("failed: ")


async def test_network_without_a_name_server_is_told(micropython: Command, tmp_path: Path) -> None:
    assert await looked_up(micropython, tmp_path, "0.0.0.0 53") == ["failed: no name server"]


async def test_text_that_is_no_name_is_told_and_asked_of_nobody(micropython: Command, tmp_path: Path) -> None:
    async with name_servers(good) as ([server], names):
        lines = await looked_up(micropython, tmp_path, names, "fe80::1")
        assert lines[-1] == "failed: neither a name nor an IPv4 address"
        assert server.asked == []


@pytest.mark.parametrize("name", ["broker.local", "Broker.Local."])
async def test_name_in_local_is_asked_of_all_in_the_house(micropython: Command, tmp_path: Path, name: str) -> None:
    """The simulator's first name server stands for them; the router is not asked."""
    async with name_servers(good, other) as ([_, router], names):
        assert await looked_up(micropython, tmp_path, names, name) == ["found 192.0.2.7"]
        assert router.asked == []
