"""The chip's date: which one a light goes by, whom it asks, and what its TLS then takes for valid."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from textwrap import dedent

import pytest

from presslight.micropython import Command
from presslight.simulated.child_process import ChildProcess
from presslight.simulated.simulated_light import ENVIRONMENT, SimulatedLight
from tests import certificates
from tests.certificates import DAY
from tests.firmware.bare_broker import WAIT_S, BareBroker
from tests.firmware.name_answers import address
from tests.firmware.name_answers import answer as name_answer
from tests.firmware.name_servers import Replies, name_servers
from tests.firmware.odd_main import written
from tests.firmware.test_look_up import press
from tests.firmware.test_session import press as press_of
from tests.firmware.time_servers import answer, refusing, silent, telling, time_server

NAME = "kitchen"
DAY_S = 86_400
FLASHED = 1_749_999_960
"""In June 2025, before any certificate here is valid."""
NOW = int(time.time())


def said(seconds: int, origin: str) -> str:
    return f"date: {time.strftime('%Y-%m-%d', time.gmtime(seconds))}, {origin}"


def flashed(folder: Path, seconds: int) -> Path:
    """A folder in which a light was set up then."""
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({"name": NAME, "flashed": seconds}))
    return folder


# A light and its broker, over TLS


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[BareBroker]:
    """Its certificate is of yesterday, as if it had just been renewed, and holds for five days."""
    made = certificates.make(tmp_path, "127.0.0.1", until=5 * DAY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server)
    async with BareBroker(NAME, context, str(made.ca)) as bare:
        yield bare


async def hears(light: SimulatedLight, words: str) -> None:
    async with asyncio.timeout(WAIT_S):
        await light.until(lambda output: words in output.log)


async def test_light_whose_certificate_was_renewed_connects_after_a_power_cut(
    broker: BareBroker, tmp_path: Path
) -> None:
    folder = flashed(tmp_path / "flash", FLASHED)
    async with time_server(telling(NOW)) as (server, port):
        async with SimulatedLight(NAME, broker.address, folder, time_port=port) as light:
            assert (await (await broker.visit()).welcome()).date == "network"
            await light.power_cut()
            await light.power_on()
            assert (await (await broker.visit()).welcome()).date == "network"
        assert len(server.asked) == 2


async def test_date_outlives_a_power_cut_without_a_write_of_its_own(broker: BareBroker, tmp_path: Path) -> None:
    folder = flashed(tmp_path / "flash", FLASHED)
    async with (
        time_server(telling(NOW)) as (server, port),
        SimulatedLight(NAME, broker.address, folder, time_port=port) as light,
    ):
        await hears(light, "flash: kept")
        await (await broker.visit()).welcome()
        before = {file.name: file.read_bytes() for file in folder.glob("record-*")}
        light.press_button()
        await hears(light, "flash: kept on")
        after = {file.name: file.read_bytes() for file in folder.glob("record-*")}
        assert len(after.items() - before.items()) == 1
        server.replies = refusing
        await light.power_cut()
        await light.power_on()
        await hears(light, said(NOW, "kept"))
        visit = await broker.visit()
        before_press = await visit.welcome()
        visit.publish(press_of(before_press, 1, "OFF"), qos=0)
        assert (before_press.date, (await visit.report()).date) == ("kept", None)


@pytest.mark.parametrize(
    ("days", "why"),
    [(30, "certificate validity has expired"), (-30, "certificate validity starts in the future")],
)
async def test_certificate_that_is_not_valid_now_is_refused_and_the_time_asked_for_again(
    broker: BareBroker, tmp_path: Path, days: int, why: str
) -> None:
    folder = flashed(tmp_path / "flash", FLASHED)
    impatient = written(tmp_path, "import lamp.date\nlamp.date.ticks_diff = lambda *_: 64_000\n")
    async with (
        time_server(telling(NOW + days * DAY_S)) as (server, port),
        SimulatedLight(NAME, broker.address, folder, main=impatient, time_port=port) as light,
    ):
        await hears(light, why)
        server.replies = telling(NOW)
        await hears(light, said(NOW, "network"))
        await (await broker.visit()).welcome()


async def test_light_that_only_knows_when_it_was_flashed_says_that_the_certificate_is_too_young(
    broker: BareBroker, tmp_path: Path
) -> None:
    folder = flashed(tmp_path / "flash", FLASHED)
    async with (
        time_server(refusing) as (_, port),
        SimulatedLight(NAME, broker.address, folder, time_port=port) as light,
    ):
        await hears(light, said(FLASHED, "flashed"))
        await hears(light, "127.0.0.1: the time server has no time")
        await hears(light, "certificate validity starts in the future")


async def test_button_works_while_the_time_server_is_silent_and_then_the_light_connects(
    broker: BareBroker, tmp_path: Path
) -> None:
    async with (
        time_server(silent) as (server, port),
        SimulatedLight(NAME, broker.address, tmp_path / "flash", time_port=port) as light,
    ):
        await server.question()
        await press(light, ", flashed")
        await hears(light, "127.0.0.1: the time server is silent")
        await (await broker.visit()).welcome()


# The date alone, under the real MicroPython

DATE = """
    import asyncio, sys, time
    from lamp.date import Date, decode
    from lamp.flash import Flash
    from lamp.memory import Memory
    from lamp.wifi import Wifi
    from lamp.secure import SecureWire
    usual = asyncio.sleep_ms
    asyncio.sleep_ms = lambda ms: usual(ms // 10)
    class settings:
        flashed = FLASHED
        time = HOST
    async def main():
        memory = Memory(Flash())
        date = Date(SecureWire(settings, Wifi("kitchen", "", ""), memory))
        await date.update()
        await asyncio.sleep_ms(1_000)  # for what it says too late
        if SETTLES:
            date.settle()
        print(memory.origin, decode(memory.date) - FLASHED)
        sys.exit()
    asyncio.run(main())
"""


async def lines(micropython: Command, folder: Path, program: str, **servers: str) -> list[str]:
    script = folder / "main.py"
    script.write_text(dedent(program))
    run = [*micropython, "-X", "heapsize=128k", str(script)]
    child = await ChildProcess.start(run, folder, ENVIRONMENT | servers)
    try:
        async with asyncio.timeout(WAIT_S):
            return [line.decode().rstrip() async for line in child.lines()]
    finally:
        await child.end_process()


async def dated(
    micropython: Command,
    folder: Path,
    replies: Replies,
    *,
    host: str = "127.0.0.1",
    settles: bool = True,
    names: str = "",
    odd: str = "",
) -> list[str]:
    """All that a light says which was flashed at FLASHED. `odd`: what it runs before."""
    values = f"FLASHED, HOST, SETTLES = {FLASHED}, {host!r}, {settles}\n"
    program = values + dedent(DATE).replace("async def main", dedent(odd) + "async def main")
    async with time_server(replies) as (_, port):
        return await lines(micropython, folder, program, TIME_SERVER_PORT=str(port), NAME_SERVERS=names)


BEGIN = said(FLASHED, "flashed")


async def test_answer_is_kept_for_the_next_boot(micropython: Command, tmp_path: Path) -> None:
    later = FLASHED + 600 * DAY_S
    found = await dated(micropython, tmp_path, telling(later))
    assert found == [BEGIN, said(later, "network"), f"network {600 * DAY_S}"]
    found = await dated(micropython, tmp_path, refusing)
    assert found == [said(later, "kept"), "127.0.0.1: the time server has no time", f"kept {600 * DAY_S}"]
    found = await dated(micropython, tmp_path, telling(later - 2 * DAY_S))
    assert found == [
        said(later, "kept"),
        "127.0.0.1: the time server is behind the date that was kept",
        f"kept {600 * DAY_S}",
    ]


async def test_answer_that_no_certificate_has_proven_is_not_kept(micropython: Command, tmp_path: Path) -> None:
    lie = telling(FLASHED + 9_999 * DAY_S)
    for _ in range(2):
        begin, *_, end = await dated(micropython, tmp_path, lie, settles=False)
        assert (begin, end) == (BEGIN, f"network {-FLASHED}")


async def test_answer_a_little_before_is_taken_and_what_was_kept_stays(micropython: Command, tmp_path: Path) -> None:
    found = await dated(micropython, tmp_path, telling(FLASHED - DAY_S + 60))
    assert found[1:] == [said(FLASHED - DAY_S + 60, "network"), f"network {-FLASHED}"]


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda sent: answer(sent, NOW, mark=b"12345678"),
        lambda sent: answer(sent, NOW)[:47],
        lambda sent: sent,
        lambda _: b"",
        lambda sent: answer(sent, NOW, first=0x23),
    ],
    ids=["mark", "short", "echo", "empty", "mode"],
)
async def test_nonsense_is_passed_over_and_the_answer_behind_it_taken(
    micropython: Command, tmp_path: Path, nonsense: Callable[[bytes], bytes]
) -> None:
    later = FLASHED + DAY_S
    found = await dated(micropython, tmp_path, lambda sent: [nonsense(sent), answer(sent, later)])
    assert found[1] == said(later, "network")


@pytest.mark.parametrize(
    ("replies", "why"),
    [
        (silent, "the time server is silent"),
        (telling(FLASHED - DAY_S - 1), "the time server is behind the date that was kept"),
        (refusing, "the time server has no time"),
    ],
    ids=["silent", "behind", "kiss-o'-death"],
)
async def test_server_that_does_not_help_leaves_the_date(
    micropython: Command, tmp_path: Path, replies: Replies, why: str
) -> None:
    found = await dated(micropython, tmp_path, replies, settles=False)
    assert found == [BEGIN, f"127.0.0.1: {why}", f"flashed {-FLASHED}"]


async def test_light_without_a_time_server_asks_nobody(micropython: Command, tmp_path: Path) -> None:
    found = await dated(micropython, tmp_path, telling(NOW), host="", settles=False)
    assert found == [BEGIN, f"flashed {-FLASHED}"]


async def test_time_server_is_found_by_its_name(micropython: Command, tmp_path: Path) -> None:
    async with name_servers(lambda sent: [name_answer(sent, [address("127.0.0.1")])]) as (_, names):
        found = await dated(micropython, tmp_path, telling(NOW), host="time.example", names=names)
    assert found[1] == said(NOW, "network")


async def test_name_of_the_time_server_that_nobody_knows_is_told(micropython: Command, tmp_path: Path) -> None:
    found = await dated(micropython, tmp_path, telling(NOW), host="time.example", names="0.0.0.0 53", settles=False)
    assert found[1:] == ["time.example: no name server", f"flashed {-FLASHED}"]


async def test_time_is_asked_for_each_hour_until_it_is_told_and_then_each_day(
    micropython: Command, tmp_path: Path
) -> None:
    patient = """
        import lamp.date
        lamp.date.ticks_diff = lambda *_: 64_000
        naps = []
        def sleep(ms):
            if ms < 60_000:
                return usual(30_000 if ms == 1_000 else ms // 10)
            naps.append(ms)
            if len(naps) == 3:
                print(*naps)
                sys.exit()
            return usual(20)
        asyncio.sleep_ms = sleep
    """
    asked: list[bytes] = []

    def late(sent: bytes) -> Sequence[bytes]:
        asked.append(sent)
        return (telling(NOW) if len(asked) > 2 else refusing)(sent)

    found = await dated(micropython, tmp_path, late, odd=patient)
    assert found[-1] == "3600000 3600000 86400000"
