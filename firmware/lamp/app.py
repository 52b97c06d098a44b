"""The whole light: its rules, its board, its session with the broker, and the tasks that run them."""

import asyncio
import gc
import os
from binascii import hexlify

import machine

import lamp.scaffold
from lamp import alive, light, report, say
from lamp.announcement import ANNOUNCE, MARK, NOTHING, Announcement, kept
from lamp.button import Button
from lamp.clock import Clock, now_ms, now_us, ticks_diff
from lamp.command import Command
from lamp.light import Light
from lamp.session import Session

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    from lamp.board import Board
    from lamp.flash import Flash
    from lamp.settings import Settings

HEARTBEAT_MS = 10_000


class App:
    """One light at work."""

    def __init__(self, settings: "Settings", board: "Board", flash: "Flash") -> None:
        self._board, self._flash = board, flash
        if board.error:
            raise board.error
        memory = board.memory
        self._name = settings.name
        topic = f"presslight/light/{settings.name}/"
        self._state = topic + "state"
        self._announced = topic + "announced"
        self._discovery = f"homeassistant/device/{settings.name}/config"
        topics = topic + "set", topic + "availability", self._announced, self._discovery
        # First, as its buffers need room in one piece.
        self._session = Session(settings, self, topics, memory)
        self._mark = str(settings.flashed).encode()
        self._announcement = Announcement(flash.mark == self._mark)
        epoch = memory.next_epoch(flash, settings.flashed)
        self._light = Light(_boot_id(epoch), epoch, memory.output)
        self._clock = Clock(now_ms())
        self._command = Command()
        self._has_changed = asyncio.Event()
        self._has_changed.set()  # the flash may lack what RTC memory had
        self._owes_report = False
        self._owes = NOTHING
        self._reports = 0
        self._heap = 0

    def start(self, dog: machine.WDT) -> None:
        """Switch the radio on, while the button still works without tasks, and start these, each for ever."""
        self._session.wifi.start()
        # The button first: it hears what was pressed since the light was made, before anything notes the light's state.
        self._board.connect()
        button = Button(self._board.is_button_down())
        for each in (self._watch_button(button), self._save(), self._session.run(), self._beat(dog)):
            asyncio.create_task(each)  # noqa: RUF006 -- MicroPython's loop holds its tasks itself

    def obey(self, view: memoryview, start: int, end: int, is_retained: bool, read_us: int) -> bool:
        """Obey a set message that was read at `read_us`; gives whether a report is due. The hot path: nothing waits."""
        event = light.RETAINED if is_retained else self._command.read(view, start, end)
        act = self._light.on_event(event, self._command, self._clock.up(now_ms()))
        if act == light.SHINE:
            self._board.shine(self._light.output)
            self._light.took(self._command, ticks_diff(now_us(), read_us))
            self._has_changed.set()
        return act != light.NOTHING

    def report(self, origin: str = "") -> None:
        """Report now, or as soon as there is room; the date's origin only where nobody waits for the report."""
        page = self._session.publish(self._state, report.MAX_BYTES)
        self._owes_report = page is None
        if page:
            report.write_report(
                page, self._light, self._clock.up(now_ms()), self._heap, origin, self._flash.is_degraded
            )
            self._session.send()
            self._rest()

    def announce(self) -> None:
        """Report state and decisions on a new connection."""
        self._light.gate.told = 0  # the last connection may have taken answers with it
        self._announcement.clear()
        self._owes = NOTHING
        self.report(self._board.memory.origin)

    def catch_up(self) -> None:
        """Publish what there was no room for."""
        if self._owes_report:
            self.report()
        self._announce()

    def hear(self, topic: memoryview, text: memoryview) -> None:
        """Take a message on a topic of this light other than `set`: retained, or published or deleted just now."""
        if topic == self._discovery.encode():
            self._announcement.hear(text, self._text())
            self._has_changed.set()
        elif topic == self._announced.encode():
            self._announcement.mark = kept(text, self._mark)
        elif bytes(text) in (b"", b"offline"):  # a bridge or an old will that takes it for offline or gone is mistaken
            self.report()  # for other bridges, which ignore `online`
            self._session.say_online()

    def settle(self) -> None:
        """Announce the light to Home Assistant, where that is wanted and not done."""
        act = self._announcement.judge()
        if act is None:
            return
        if self._announcement.is_deleted:
            self._has_changed.set()
            say("not announced: deleted in Home Assistant")
        self._owes = act
        self._announce()

    def _announce(self) -> None:
        """Publish what is owed: the message first, so that there is no mark without one."""
        if self._owes == ANNOUNCE and self.publish(self._discovery, self._text()):
            self._owes = MARK
        if self._owes == MARK and self.publish(self._announced, self._mark):
            self._owes = NOTHING

    def publish(self, topic: str, text: bytes) -> bool:
        """Publish now; False where there is no room."""
        page = self._session.publish(topic, len(text))
        if page:
            page.text(text.decode())
            self._session.send()
        return page is not None

    def _text(self) -> bytes:
        return report.discovery(self._name, hexlify(machine.unique_id()).decode()).encode()

    async def _beat(self, dog: machine.WDT) -> None:
        """Report every 10 s; the heap it tells of is the living one. Where a task is not heard for 30 s, boot anew.

        Those that wait for something are woken, so that they can be heard.
        """
        while True:
            if alive[0] == 15:
                alive[0] = 0
                dog.feed()
            self._board.edge.set()
            self._has_changed.set()
            if self._clock.up(now_ms()) >= 60_000:  # a start that lives so long went well
                self._board.memory.settle()
            gc.collect()
            self._heap = gc.mem_alloc()
            self.report(self._board.memory.origin)
            await asyncio.sleep_ms(HEARTBEAT_MS)

    async def _watch_button(self, button: Button) -> None:
        """Obey the button, which switched the output by itself until here: the output first, then whoever is told."""
        act = self._board.memory.output != self._light.output
        while True:
            alive[0] |= 1
            while True:
                if act or button.sample(self._board.is_button_down(), now_ms()):
                    act = False
                    self._light.on_event(light.BUTTON, self._command, self._clock.up(now_ms()))
                    self._board.shine(self._light.output)
                    self._has_changed.set()
                    self.report()
                if button.is_settled():
                    break
                await asyncio.sleep_ms(button.settles_in(now_ms()))
            await self._board.edge.wait()

    async def _save(self) -> None:
        """Keep changes on the flash, later: no press waits for it, and few writes wear it."""
        while True:
            await self._has_changed.wait()
            self.note()
            await asyncio.sleep_ms(1_000)  # a slider or a game of switching is one write
            self._has_changed.clear()
            self._keep()
            for _ in range(4):  # at most one write in 5 s: a flash of 2 MB takes that for 15 years
                await asyncio.sleep_ms(1_000)
                self.note()

    def note(self) -> None:
        """Note the output in RTC memory, for the boot after a reset."""
        alive[0] |= 2
        self._board.memory.keep(self._light.output)

    def _keep(self) -> None:
        self.note()  # first: where the two differ, the note is the newer one
        memory = self._board.memory
        self._flash.keep(memory.ceiling, self._light.output, memory.date)
        self._flash.keep_mark(self._mark if self._announcement.is_deleted else b"")

    def _rest(self) -> None:
        """Collect at a quiet moment, which is right after a report."""
        self._reports += 1
        if self._reports == 8:  # well before the heap is used up, so that no press waits for a collection
            self._reports = 0
            gc.collect()


def _boot_id(epoch: int) -> str:
    """Give 8 random hex digits. The epoch goes in too: before Wi-Fi is on, the chip's random numbers are weak."""
    number = int.from_bytes(os.urandom(4), "big")
    return "%08x" % (number ^ epoch * 0x9E3779B1 & 0xFFFFFFFF)


def _break(_event: object, context: "dict[str, Exception]") -> None:
    """End all of the light when one of its tasks broke: started anew, it is better than half a light."""
    raise context["exception"]


def main(settings: "Settings", board: "Board", flash: "Flash", dog: machine.WDT) -> None:
    """Run the light for ever. Raises whatever breaks a task."""
    loop = asyncio.get_event_loop()
    loop.set_exception_handler(_break)
    app = App(settings, board, flash)
    app.start(dog)
    lamp.scaffold.take_down()
    try:
        loop.run_forever()
    finally:
        app.note()  # the last change too: the output stays as it was
