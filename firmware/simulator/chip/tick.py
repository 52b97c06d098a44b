"""Stand-in for the unix port: do not upload. The ESP32's tick, at which it looks after sockets and sleepers.

`tick 10`: each 10 ms (FreeRTOS has 100 ticks a second, which the port leaves as it is). A socket has no file number
there: poll() asks one after the other, and where none is ready it waits for the next tick (extmod/modselect.c,
poll_set_poll_until_ready_or_timeout, by mp_event_wait_ms; ports/esp32/mpconfigport.h, MICROPY_EVENT_POLL_HOOK). So what
has come is read up to 10 ms later, and a sleep of asyncio ends at the tick after its time. A pin's interrupt ends the
wait at once (ports/esp32/machine_pin.c, by mp_hal_wake_main_task_from_isr); so does a word of the channel here.
"""

# ruff: noqa: D102 -- the names of MicroPython's own poll

import sys
from asyncio import core
from time import sleep_ms, ticks_diff, ticks_ms

import channel


class Poll:
    """The loop's poll object, which looks at each tick and not between two."""

    def __init__(self, poll: object, tick_ms: int) -> None:
        self._poll = poll
        self._tick_ms = tick_ms
        self.register, self.unregister, self.modify = poll.register, poll.unregister, poll.modify

    def ipoll(self, most_ms: int) -> object:
        since = ticks_ms()
        while True:
            is_ready = False
            for each in self._poll.ipoll(0):
                is_ready = True
                yield each
            if is_ready or 0 <= most_ms <= ticks_diff(ticks_ms(), since):
                return
            self._wait(self._tick_ms - ticks_ms() % self._tick_ms)

    def _wait(self, ms: int) -> None:
        if id(sys.stdin.buffer) in core._io_queue.map:  # noqa: SLF001 -- somebody would hear a word
            for _ in channel._poller.ipoll(ms):  # noqa: SLF001 -- the channel is a part of this one
                return
        else:
            sleep_ms(ms)


def ask(tick_ms: str) -> None:
    """Look each so many ms."""
    queue = core._io_queue  # noqa: SLF001 -- MicroPython has no other way to it
    queue.poller = Poll(getattr(queue.poller, "_poll", queue.poller), int(tick_ms))
