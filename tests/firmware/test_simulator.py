"""The hardware's stand-ins under the real MicroPython: a few lines of firmware each, the words in, the events out."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from presslight.micropython import Command
from presslight.simulated.chip import RESET
from presslight.simulated.simulated_light import ENVIRONMENT, FIRMWARE
from tests.firmware.script import WAIT_S, Run, Script

BUTTON = """
    import asyncio
    from machine import Pin, PWM, reset
    def moved(pin):
        print("pin", pin.value())
"""
FOREVER = "asyncio.run(asyncio.Event().wait())"


async def test_pwm_tells_each_change_of_its_duty_once(run: Run) -> None:
    script = await run("""
        from machine import PWM, Pin
        output = PWM(Pin(2), freq=4000, duty_u16=0)
        for duty in (0, 7, 7, 65535):
            output.duty_u16(duty)
    """)
    assert [line.split(",")[0] for line in await script.rest()] == ['{"duty": 0', '{"duty": 7', '{"duty": 65535']


async def test_pwm_refuses_a_duty_out_of_range(run: Run) -> None:
    script = await run("from machine import PWM, Pin", "PWM(Pin(2), 4000, 65536)")
    assert (await script.rest())[-1].startswith("ValueError")
    assert await script.exit_code() == 1


async def test_button_pulls_its_pin_down_and_calls_at_each_edge_once(run: Run) -> None:
    script = await run(
        BUTTON,
        """
        button = Pin(0, Pin.IN, Pin.PULL_UP)
        button.irq(moved, Pin.IRQ_FALLING | Pin.IRQ_RISING)
        print("idle", button.value())
        """,
        FOREVER,
    )
    assert await script.line() == "idle 1"
    for word in ("button up", "button down", "button down", "button up", "quit"):
        script.say(word)
    assert await script.rest() == ["pin 0", "pin 1"]
    assert await script.exit_code() == 0


async def test_button_calls_only_at_the_edges_asked_for(run: Run) -> None:
    script = await run(BUTTON, "Pin(0, Pin.IN, Pin.PULL_DOWN).irq(moved, Pin.IRQ_FALLING)", FOREVER)
    for word in ("button down", "button up", "quit"):
        script.say(word)
    assert await script.rest() == ["pin 0"]


async def test_flag_set_by_the_button_wakes_its_task_once_a_press(run: Run) -> None:
    script = await run(
        BUTTON,
        """
        flag = asyncio.ThreadSafeFlag()
        Pin(0, Pin.IN, Pin.PULL_UP).irq(lambda pin: flag.set(), Pin.IRQ_FALLING)
        async def main():
            while True:
                await flag.wait()
                print("woken")
        asyncio.run(main())
        """,
    )
    for _ in range(2):
        script.say("button down")
        assert await script.line() == "woken"
        script.say("button up")
    script.say("quit")
    assert await script.rest() == []


async def test_reset_ends_with_the_code_that_the_launcher_knows(run: Run) -> None:
    script = await run(BUTTON, "reset()")
    assert await script.exit_code() == RESET


async def test_end_of_the_words_ends_the_process(micropython: Command, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(f"import asyncio, machine\n{FOREVER}")
    async with asyncio.timeout(WAIT_S):
        process = await asyncio.create_subprocess_exec(
            *micropython, "main.py", cwd=tmp_path, env=ENVIRONMENT, stdin=asyncio.subprocess.DEVNULL
        )
        assert await process.wait() == 0


async def test_unknown_word_is_told(run: Run) -> None:
    script = await run(BUTTON, FOREVER)
    script.say("sing")
    assert await script.line() == "the simulator has no word 'sing'"


async def test_station_joins_when_told_and_knows_that_the_access_point_is_lost(run: Run) -> None:
    script = await run("""
        import air, asyncio, channel
        from network import WLAN
        air.BEACON_TIMEOUT_MS = 0
        station = WLAN(WLAN.IF_STA)
        channel.on("tell", lambda: print(station.isconnected()))
        station.active(True)
        station.config(pm=WLAN.PM_NONE)
        print(station.isconnected())
        station.connect("home", "secret")
        asyncio.run(asyncio.Event().wait())
    """)
    for word in ("tell", "wifi away", "tell", "wifi back", "tell", "quit"):
        script.say(word)
    assert await script.rest() == ["False", "True", "False", "True"]


async def test_station_stays_joined_until_the_beacons_have_been_missed(run: Run) -> None:
    script = await run("""
        import asyncio, channel
        from network import WLAN
        station = WLAN(WLAN.IF_STA)
        channel.on("tell", lambda: print(station.isconnected()))
        station.active(True)
        station.connect("home", "secret")
        asyncio.run(asyncio.Event().wait())
    """)
    for word in ("wifi away", "tell", "quit"):
        script.say(word)
    assert await script.rest() == ["True"]


async def test_station_that_is_off_cannot_join(run: Run) -> None:
    script = await run("from network import WLAN", "WLAN(WLAN.IF_STA).connect('home', 'secret')")
    assert (await script.rest())[-1] == "OSError: Wifi Not Started"


LINK = """
    import asyncio, channel, socket
    from asyncio import core
    wire = None
    def writable(stream):
        yield core._io_queue.queue_write(stream)
    def readable(stream):
        yield core._io_queue.queue_read(stream)
    async def hear():
        room = bytearray(64)
        while True:
            await readable(wire)
            count = wire.readinto(room)
            print("woken" if count is None else "read %s" % bytes(room[:count]).decode())
            if count == 0:
                return
    async def link():
        global wire
        wire = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        wire.setblocking(False)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            wire.connect(("127.0.0.1", PORT))
        except OSError as error:
            print("connect", error.errno)
        await writable(wire)
        print("connected")
        await hear()
    def write(content):
        print("wrote", wire.write(content))
    def close():
        wire.close()
        print("closed")
    channel.on("link", lambda: asyncio.create_task(link()))
    channel.on("write a", lambda: write(b"a"))
    channel.on("write b", lambda: write(b"b"))
    channel.on("write much", lambda: write(bytes(9000)))
    channel.on("close", close)
    asyncio.run(asyncio.Event().wait())
"""
IN_PROGRESS = 115
UNREACHABLE = 113


class Peer:
    """What the light talks to: a listening socket, and then the one connection."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self.connection: socket.socket | None = None

    def has_caller(self) -> bool:
        """Whether a connection came in that has not been accepted; the loopback device takes no time."""
        try:
            self.connection, _ = self._listener.accept()
        except BlockingIOError:
            return False
        self.connection.setblocking(False)
        return True

    async def accept(self) -> None:
        async with asyncio.timeout(WAIT_S):
            self.connection, _ = await asyncio.get_running_loop().sock_accept(self._listener)

    async def receive(self) -> bytes:
        assert self.connection
        async with asyncio.timeout(WAIT_S):
            return await asyncio.get_running_loop().sock_recv(self.connection, 65536)

    def hears_nothing(self) -> bool:
        assert self.connection
        try:
            self.connection.recv(1)
        except BlockingIOError:
            return True
        return False

    def send(self, content: bytes) -> None:
        assert self.connection
        self.connection.sendall(content)

    def close(self) -> None:
        for each in (self._listener, self.connection):
            if each:
                each.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
async def linked(run: Run, peer: Peer) -> Script:
    script = await run(f"PORT = {peer.port}", LINK)
    script.say("link")
    assert await script.line() == f"connect {IN_PROGRESS}"
    assert await script.line() == "connected"
    await peer.accept()
    return script


async def test_socket_carries_both_ways(linked: Script, peer: Peer) -> None:
    peer.send(b"hello")
    assert await linked.line() == "read hello"
    linked.say("write a")
    assert await peer.receive() == b"a"


async def test_socket_keeps_what_is_written_while_wifi_is_away(linked: Script, peer: Peer) -> None:
    for word in ("wifi away", "write a", "write b"):
        linked.say(word)
    assert [await linked.line(), await linked.line()] == ["wrote 1", "wrote 1"]
    assert peer.hears_nothing()
    linked.say("wifi back")
    heard = await peer.receive()
    while len(heard) < 2:  # Nagle is off, so they may come one by one
        heard += await peer.receive()
    assert heard == b"ab"


async def test_socket_takes_no_more_than_its_buffer_while_wifi_is_away(linked: Script) -> None:
    for word in ("wifi away", "write much", "write a"):
        linked.say(word)
    assert [await linked.line(), await linked.line()] == ["wrote 5760", "wrote None"]


async def test_socket_reads_what_came_while_wifi_was_away_once_it_is_back(linked: Script, peer: Peer) -> None:
    linked.say("wifi away")
    linked.say("write a")
    assert await linked.line() == "wrote 1"
    peer.send(b"late")
    assert await linked.line() == "woken"
    linked.say("write b")
    assert await linked.line() == "wrote 1"
    linked.say("wifi back")
    assert await linked.line() == "read late"


async def test_socket_closed_while_wifi_is_away_sends_its_end_later(linked: Script, peer: Peer) -> None:
    for word in ("wifi away", "close"):
        linked.say(word)
    assert await linked.line() == "closed"
    assert peer.hears_nothing()
    linked.say("wifi back")
    assert await peer.receive() == b""


async def test_peer_that_gave_up_while_wifi_was_away_is_noticed_by_reading(linked: Script, peer: Peer) -> None:
    for word in ("wifi away", "write a"):
        linked.say(word)
    assert await linked.line() == "wrote 1"
    peer.close()
    assert await linked.line() == "woken"
    linked.say("wifi back")
    assert await linked.line() == "read"


async def test_connect_while_wifi_is_away_waits_for_it(run: Run, peer: Peer) -> None:
    script = await run(f"PORT = {peer.port}", LINK)
    for word in ("wifi away", "link"):
        script.say(word)
    assert await script.line() == f"connect {IN_PROGRESS}"
    assert not peer.has_caller()
    script.say("wifi back")
    assert await script.line() == "connected"
    await peer.accept()


async def test_connect_fails_once_the_access_point_is_known_to_be_lost(run: Run, peer: Peer) -> None:
    script = await run(f"import air; air.BEACON_TIMEOUT_MS = 0; PORT = {peer.port}", LINK)
    for word in ("wifi away", "link"):
        script.say(word)
    assert await script.line() == f"connect {UNREACHABLE}"


async def test_name_in_place_of_an_address_is_refused(run: Run) -> None:
    """The chip would look it up, and its loop would stand still meanwhile."""
    script = await run("""
        import socket
        try:
            socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect(("localhost", 1883))
        except OSError as error:
            print("error", error.errno)
    """)
    assert await script.line() == "error -202"


async def test_datagram_is_lost_while_wifi_is_away(run: Run) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        script = await run(
            f"PORT = {ear.getsockname()[1]}",
            """
            import asyncio, channel, socket
            plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            plain.setblocking(False)
            plain.connect(("127.0.0.1", PORT))
            def say(word):
                plain.sendto(word, ("127.0.0.1", PORT))
                print("said")
            channel.on("say a", lambda: say(b"a"))
            channel.on("say b", lambda: say(b"b"))
            asyncio.run(asyncio.Event().wait())
            """,
        )
        for word in ("wifi away", "say a", "wifi back", "say b"):
            script.say(word)
        assert [await script.line(), await script.line()] == ["said", "said"]
        assert ear.recv(9) == b"b"


async def test_stand_ins_leave_the_firmware_its_heap(run: Run) -> None:
    script = await run("""
        import asyncio, asyncio.event, asyncio.stream, gc, sys, time
        def living():
            gc.collect()
            return gc.mem_alloc()
        before = living()
        import air, channel, machine, network, socket
        print(living() - before)
        sys.exit()
    """)
    assert int(await script.line()) <= 15 * 1024  # paths of files, which a long one makes longer, are among it


@pytest.mark.parametrize("file", sorted((FIRMWARE / "simulator").rglob("*.py")), ids=lambda file: file.name)
def test_stand_in_says_that_it_is_none_of_the_chips(file: Path) -> None:
    assert file.read_text().startswith('"""Stand-in for the unix port: do not upload.')
