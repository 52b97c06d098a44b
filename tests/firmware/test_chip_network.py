"""A chip's network: the tick at which its sockets are read, how many there are, look-ups that block, Wi-Fi."""

import asyncio
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from presslight.micropython import Command
from tests.firmware.hostile_life import comes_back, hostile_light, lives
from tests.firmware.name_answers import address, answer
from tests.firmware.name_servers import name_servers
from tests.firmware.odd_main import written
from tests.firmware.script import Run, Script
from tests.firmware.watch import DARK, DIM, SETTINGS, pause, watched

TICK_MS = 500
"""Long, so that a busy machine blurs nothing."""
TICKS = """
    import asyncio, channel, socket, time
    from asyncio import core
    async def hear():
        plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        plain.setblocking(False)
        plain.connect(("127.0.0.1", PORT))
        plain.sendto(b"here", ("127.0.0.1", PORT))
        while True:
            yield core._io_queue.queue_read(plain)
            plain.recv(9)
            print(time.ticks_ms())
            await asyncio.sleep_ms(1)  # so that it waits again when the next one comes
    channel.on("now", lambda: print(time.ticks_ms()))
    asyncio.create_task(hear())
    asyncio.run(asyncio.Event().wait())
"""


async def lateness_ms(script: Script, act: Callable[[], object]) -> int:
    """How long after the act the script tells of it."""
    since = time.monotonic_ns() // 1_000_000  # the same clock as there
    act()
    return (int(await script.line()) - since) % (1 << 30)


@pytest.mark.parametrize("chip", [[f"tick {TICK_MS}"], []], ids=["tick", "none"])
async def test_packet_waits_for_the_tick_and_a_word_does_not(run: Run, chip: list[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(20)
        script = await run(f"PORT = {peer.getsockname()[1]}", TICKS, chip=chip)
        _, light = await asyncio.to_thread(peer.recvfrom, 9)
        packets = [await lateness_ms(script, lambda: peer.sendto(b"press", light)) for _ in range(4)]
        words = [await lateness_ms(script, lambda: script.say("now")) for _ in range(3)]
    assert (sum(packets[1:]) > 1.5 * TICK_MS) == bool(chip)  # each is sent right after a tick, but for the first
    assert min(words) < TICK_MS / 2


async def test_sleep_ends_at_the_tick_after_its_time(run: Run) -> None:
    script = await run(
        """
        import asyncio, time
        async def nap():
            since = time.ticks_ms()
            for _ in range(3):
                await asyncio.sleep_ms(30)
            print(time.ticks_diff(time.ticks_ms(), since) >= 2 * 200)
        asyncio.run(nap())
        """,
        chip=["tick 200"],
    )
    assert await script.rest() == ["True"]


async def test_eleventh_socket_is_refused_until_another_is_closed(run: Run) -> None:
    script = await run(
        """
        import socket
        def make():
            try:
                return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            except OSError as error:
                print("error", error.errno)
        opened = [make() for _ in range(11)]
        opened[3].close()
        opened[3].close()
        print(make() is not None, make() is None)
        """,
        chip=["sockets 10"],
    )
    assert await script.rest() == ["error 23", "error 23", "True True"]


async def test_look_up_stops_everything_else_and_fails(run: Run) -> None:
    script = await run(
        """
        import asyncio, socket, time
        steps = 0
        async def step():
            global steps
            while True:
                steps += 1
                await asyncio.sleep_ms(1)
        async def main():
            asyncio.create_task(step())
            await asyncio.sleep_ms(5)
            before, since = steps, time.ticks_ms()
            for look in (
                lambda: socket.getaddrinfo("broker.example", 1883),
                lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect(("broker.example", 1883)),
            ):
                try:
                    look()
                except OSError as error:
                    print(error.errno)
            print(steps - before, time.ticks_diff(time.ticks_ms(), since) >= 2 * 7 * 20)
        asyncio.run(main())
        """,
        chip=["names 20"],
        NAME_SERVERS="127.0.0.9 53",
    )
    assert await script.rest() == ["-202", "-202", "0 True"]


async def test_look_up_finds_what_a_name_server_knows(run: Run) -> None:
    async with name_servers(lambda _: [], lambda sent: [answer(sent, [address("127.0.0.7")])]) as (_, names):
        script = await run(
            'import socket; print(socket.getaddrinfo("broker.example", 1883)[0][-1])',
            chip=["names 20"],
            NAME_SERVERS=names,
        )
        assert await script.rest() == ["('127.0.0.7', 1883)"]


STATION = """
    import asyncio, time
    from network import WLAN
    def told(act):
        try:
            return act()
        except Exception as error:
            print(repr(error))
    station = told(lambda: WLAN(WLAN.IF_STA)) or told(lambda: WLAN(WLAN.IF_STA))
    told(lambda: station.active(True))
    told(lambda: station.config(pm=WLAN.PM_NONE))
    told(lambda: station.connect("home", "secret"))
"""


async def test_station_takes_its_time_to_join_and_is_not_to_be_told_twice(run: Run) -> None:
    script = await run(
        STATION,
        """
        since = time.ticks_ms()
        print(station.isconnected())
        told(lambda: station.connect("home", "secret"))
        while not station.isconnected():
            time.sleep_ms(1)
        print(100 <= time.ticks_diff(time.ticks_ms(), since))
        station.disconnect()
        station.connect("home", "secret")
        print(station.isconnected())
        """,
        chip=["join 100 150"],
    )
    busy = "OSError('Wifi Internal State Error',)"
    assert await script.rest() == ["False", busy, "True", "False"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("start memory 1", ["OSError('WiFi Out of Memory',)"]),
        ("active 0x3001 1", ["RuntimeError('Wifi Unknown Error 0x3001',)", "OSError('Wifi Not Started',)"]),
        ("config memory 1", ["OSError('WiFi Out of Memory',)"]),
        ("connect 0xffff 1", ["RuntimeError('Wifi Unknown Error 0xffff',)"]),
        ("disconnect memory", []),
    ],
)
async def test_driver_refuses_in_its_own_words(run: Run, word: str, said: list[str]) -> None:
    script = await run(STATION, chip=[f"driver {word}"])
    assert await script.rest() == said


SOON = """
    import lamp.wifi
    real = lamp.wifi.ticks_diff
    lamp.wifi.ticks_diff = lambda end, start: 50 * real(end, start)
"""
"""The driver is asked again after 0.3 s, in place of 15."""


@pytest.mark.parametrize(
    "words",
    [
        ["tick 10"],
        ["names 1000"],
        ["sockets 2"],
        ["join 300 900"],
        ["driver start memory 2", "join 100 200"],
        ["driver active 0x3001 2"],
        ["driver connect 0x3007 2", "join 100 200"],
    ],
    ids=lambda words: words[0],
)
async def test_light_lives_on_such_a_chip(micropython: Command, tmp_path: Path, words: list[str]) -> None:
    main = written(tmp_path, SOON if "driver" in words[0] else "")
    async with hostile_light(tmp_path / "flash", *words, main=main) as (light, broker):
        await lives(light, broker)
        await comes_back(light, broker)


async def test_button_works_while_the_driver_does_not_come_back(micropython: Command, tmp_path: Path) -> None:
    main = written(tmp_path, "", watchdog_ms=3_000)
    wifi = {"wifi": {"ssid": "home", "password": ""}}
    words = ["driver active hang"]
    async with watched(tmp_path / "flash", main, json.dumps(SETTINGS | wifi), chip=words) as seen:
        await seen.until(lambda now: now.log == "flash: kept on 100")
        await seen.switches(DARK)
        await seen.says("watchdog")
        seen.light.chip.words = ()
        await seen.says(pause(1))
        assert seen.duties == [[DIM, DARK], [DARK]]
        await seen.until(lambda now: now.log.startswith("link lost"))


async def test_socket_that_is_never_closed_is_found_out(micropython: Command, tmp_path: Path) -> None:
    """A firmware that leaks one at each attempt: what `sockets` is for."""
    leaks = """
        import lamp.wire
        def close(self):
            self._plain = self._socket = None
        lamp.wire.Wire.close = close
    """
    async with watched(tmp_path / "flash", written(tmp_path, leaks), chip=["sockets 3"]) as seen:
        await seen.until(lambda now: now.log.startswith("link lost: 23"))
