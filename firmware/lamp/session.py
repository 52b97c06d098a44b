"""The light's MQTT session: one connection after another, by the rules of `link`."""

import asyncio
import random

from lamp import alive, link, say
from lamp.clock import now_ms, now_us
from lamp.link import Link
from lamp.packet import CONNACK, PINGRESP, PUBLISH, SUBACK, Inbox, Outbox
from lamp.wifi import Wifi
from lamp.wire import Wire

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    from lamp.memory import Memory
    from lamp.settings import Settings


class Session:
    """Hears set messages and publishes what the light says; outlives each connection.

    `topics`: what it subscribes to; the first is its set topic, the second its availability. `memory`: where the date
    is kept by which TLS goes. `light` is told, and must not wait: `obey(view, start, end, is_retained, read_us)` for
    each set message, with the count of µs when it had been read, gives whether a report is due; `report()` then;
    `hear(topic, text)` for each message on another topic; `catch_up()` when there is room again after `publish` had
    none; `announce()` after each connect; `settle()` once the broker has sent what it keeps.
    """

    def __init__(self, settings: "Settings", light, topics: "tuple[str, ...]", memory: "Memory") -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- see above
        # The longest report with its topic and headers, and the room that `publish` leaves.
        self._outbox = Outbox(1_576)
        self._inbox = Inbox()
        self._topics = topics
        self._set = topics[0].encode()
        self._owes = False
        self._settings = settings
        self._light = light
        self.wifi = Wifi(settings.name, settings.ssid, settings.wifi_password)
        if settings.has_tls:
            from lamp.secure import SecureWire  # noqa: PLC0415 -- see there

            self._wire: Wire = SecureWire(settings, self.wifi, memory)
        else:
            self._wire = Wire(settings, self.wifi)
        self._link = Link(now_ms())
        self._tasks: "list[asyncio.Task[None]]" = []  # of the connection; the second drains, where there is one

    @property
    def is_live(self) -> bool:
        """Tell whether the link is live, so that what is published now should reach the broker."""
        return self._link.state == link.LIVE

    def publish(self, topic: str, most: int) -> "Outbox | None":
        """Give the page to write a message of at most `most` bytes on, which `send` sends: retained, at QoS 1.

        None where there is no link, or no room until `catch_up`.
        """
        is_open = self.is_live and self._outbox.fits(len(topic) + most + 128)  # 32 acknowledgements still have room
        return self._outbox if is_open and self._outbox.publish(topic, most) else None

    def send(self) -> None:
        """Send the message that was written on the page."""
        self._outbox.close()
        self._push()

    async def run(self) -> None:
        """Keep one connection after another, for ever."""
        while True:
            while wait := self._link.due_in(now_ms()):
                alive[0] |= 12 if wait > link.NOBODY_WAIT_MS else 4  # so long only after a reader that was heard
                await asyncio.sleep_ms(min(wait, 2_000))
            await self.wifi.joined()
            self._tell(link.DUE)
            await self._connection()

    async def _connection(self) -> None:
        """Live one connection to its end. The link is told in time: it may want to ping, or has heard nothing."""
        self._tasks = [asyncio.create_task(self._receive())]
        while self._link.state != link.RESTING:
            alive[0] |= 4
            if self._tell(link.DUE) == link.CLOSE:
                say("link lost: nothing heard")
            else:
                await asyncio.sleep_ms(100)  # an event, and a task that waits for it, take 250 bytes more
        for each in self._tasks:
            each.cancel()
        await asyncio.sleep_ms(0)  # they end now, before the socket that they may wait for
        self._wire.close()

    async def _receive(self) -> None:
        try:
            alive[0] |= 8
            await self._wire.open()
            self._tell(link.OPENED)
            while True:
                alive[0] |= 8
                await self._wire.readable()
                self._hear(self._wire.read(self._inbox.room()), now_us())
        except OSError as error:
            self._lose(error)

    async def _drain(self) -> None:
        """Send what the socket did not take at once; then there is room again."""
        while self._link.state != link.RESTING and len(self._outbox.waiting()):
            await self._wire.writable()
            self._push()
        del self._tasks[1:]
        self._light.catch_up()
        if self._owes:
            self.say_online()

    def _hear(self, count: int, read_us: int) -> None:
        """Take all packets that `count` new bytes complete."""
        if count:
            self._tell(link.HEARD)
        self._inbox.grow(count)
        while self._inbox.next():
            if self._inbox.kind == PUBLISH:
                self._hear_message(read_us)
            elif self._inbox.kind == CONNACK:
                self._tell(link.ACCEPTED)
            elif self._inbox.kind == SUBACK:
                self._tell(link.GRANTED)
            elif self._inbox.kind == PINGRESP:
                self._light.settle()

    def _hear_message(self, read_us: int) -> None:
        """Obey, acknowledge and report, in this order: the output first, then one write for both packets."""
        inbox = self._inbox
        is_due = False
        topic = inbox.view[inbox.topic : inbox.topic_end]
        if topic == self._set:
            is_due = self._light.obey(inbox.view, inbox.start, inbox.end, inbox.is_retained, read_us)
        else:
            self._light.hear(topic, inbox.view[inbox.start : inbox.end])
        if inbox.id and not self._outbox.acknowledge(inbox.id):
            raise OSError("the broker sends and does not read")
        if is_due:
            self._light.report()
        self._push()

    def _lose(self, error: Exception) -> None:
        if self._link.state != link.RESTING:  # else it has been told: what fails after a loss is no other cause
            say(f"link lost: {error}")
        self._tell(link.LOST)

    def _tell(self, event: int) -> int:
        """Tell the link of an event, and do the action that it asks for; gives that."""
        was_live = self.is_live
        action = self._link.on_event(event, now_ms(), random.getrandbits(16))
        if was_live != self.is_live:
            say('{"link": "up"}' if self.is_live else '{"link": "down"}')
        if action:
            self._do(action)
        return action

    def _do(self, action: int) -> None:
        if action == link.OPEN:
            self._inbox.clear()
            self._outbox.clear()
        elif action == link.ANNOUNCE:
            self._wire.settle()
            self._light.announce()  # first, so that nobody takes what the broker had kept for the light as it is
            self.say_online()
        elif action != link.CLOSE:
            settings, outbox = self._settings, self._outbox
            if action == link.CONNECT:
                outbox.connect(settings.name, settings.user, settings.password, self._topics[1], link.KEEP_ALIVE_S)
            elif action == link.SUBSCRIBE:
                outbox.subscribe(self._topics)
            else:
                outbox.ping()
            self._push()

    def say_online(self) -> None:
        """Publish `online`, the contrary of the will, now or as soon as there is room."""
        page = self.publish(self._topics[1], 6)
        self._owes = page is None
        if page:
            page.text("online")
            self.send()

    def _push(self) -> None:
        """Send what waits in the outbox, as much as the socket takes now."""
        try:
            if not self._wire.send(self._outbox) and len(self._tasks) == 1:
                self._tasks.append(asyncio.create_task(self._drain()))
        except OSError as error:
            self._lose(error)
            return
        self._tell(link.SENT)
