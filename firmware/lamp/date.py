"""The chip's date, by which TLS judges certificates. Imported only by lights that use it.

Without one a chip begins in the year 2000, when no certificate is valid yet.
"""

import asyncio
import os
import time
from binascii import crc32

import machine

from lamp import say, sntp
from lamp.clock import now_ms, ticks_diff
from lamp.resolver import answer


class Date:
    """At a boot that of the flashing, or the last one that a broker's certificate has proven; then the time server's.

    `is_due`: the time server is to be asked, as at each boot. A date is kept once a certificate is valid with it, and
    not before: else one lie would shut the light out for ever.
    """

    def __init__(self, wire) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- a `SecureWire`, which imports this
        settings = self._settings = wire.settings
        self._wire = wire
        self.memory = wire.memory
        self.kept = max(decode(wire.memory.date), settings.flashed, 946_684_800)
        self._set(self.kept, "kept" if self.kept > settings.flashed else "flashed")
        self.is_due = True
        self._sent = now_ms() - 64_000
        if settings.time:
            asyncio.create_task(self.run())  # noqa: RUF006 -- MicroPython's loop holds its tasks itself

    async def run(self) -> None:
        """Ask each day; each hour, where there was no answer yet."""
        while True:
            await asyncio.sleep_ms(86_400_000 if self.memory.origin == "network" else 3_600_000)
            self.is_due = True
            await self.update()

    async def update(self) -> None:
        """Ask the time server where that is due, once in 64 s at most, and wait for it, but for 3 s at most."""
        if not self.is_due or not self._settings.time or ticks_diff(now_ms(), self._sent) < 64_000:
            return
        self.is_due = False
        self._sent = now_ms()
        sent = asyncio.create_task(self._look())
        for _ in range(150):
            if not sent.done():
                await asyncio.sleep_ms(20)

    def settle(self) -> None:
        """Keep the date: the broker's certificate is valid with it."""
        now = self._seconds + int(time.time()) - self._since
        if now > self.kept:
            self.kept = now
            self.memory.date = encode(now)
            self.memory.note()

    async def _look(self) -> None:
        """Take over what the time server says. Where it does not help that is told."""
        host = self._settings.time
        try:
            host = (await self._wire.look(host))[0]
            found = await answer((host, 123), sntp.packet(os.urandom(8)), sntp.answer, "time")
        except OSError as error:
            say(f"{host}: {error}")
            return
        if found < self.kept - 86_400:  # by so much no chip's own clock is fast
            say(f"{host}: the time server is behind the date that was kept")
        else:
            self._set(found, "network")

    def _set(self, seconds: int, origin: str) -> None:
        self._seconds, self.memory.origin = seconds, origin
        now = time.gmtime(seconds - (946_684_800 if time.gmtime(0)[0] == 2000 else 0))
        machine.RTC().datetime((now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0))
        self._since = int(time.time())  # counts on from what was just set
        say("date: %d-%02d-%02d, %s" % (now[0], now[1], now[2], origin))


def encode(seconds: int) -> bytes:
    """Write a date for RTC memory and flash: its minutes, and their check sum."""
    text: bytes = (seconds // 60).to_bytes(4, "big")
    return text + bytes(crc32(text).to_bytes(4, "big"))


def decode(text: bytes) -> int:
    """Read a date, in unix seconds; 0 where it was never written, or torn."""
    return int.from_bytes(text[:4], "big") * 60 if text and text[4:] == crc32(text[:4]).to_bytes(4, "big") else 0
