"""The process between two namespaces: every packet goes through it, late or never.

It reads one word per line: `cut up`, `cut down`, `mend`, `strand` (the network forgets every connection so far), and
answers each with a line. At the end of its input it prints what it did and ends.
"""

import json
import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

from tests.lab.fate import Weather
from tests.lab.segment import Flows
from tests.lab.way import Way

LARGEST = 65_536


class Forwarder:
    """Forwards between two TUN files: `phone` and `house`."""

    def __init__(self, weather: Weather, phone: int, house: int) -> None:
        flows = Flows()
        self._flows = flows
        self._up, self._down = Way(weather, "up", flows), Way(weather, "down", flows)
        self._ways = ((self._up, phone, house), (self._down, house, phone))
        self._lateness: list[float] = []

    def run(self) -> None:
        """Forward until the input ends."""
        poller = select.epoll()
        for _, source, _ in self._ways:
            poller.register(source, select.EPOLLIN)
        poller.register(sys.stdin, select.EPOLLIN)
        said = True
        while said:
            ready = {fd for fd, _ in poller.poll(self._wait_s())}
            now = time.monotonic()
            for way, source, _ in self._ways:
                if source in ready:
                    self._read(way, source, now)
            self._deliver()
            said = sys.stdin.fileno() not in ready or self._obey(os.read(sys.stdin.fileno(), LARGEST))

    def report(self) -> dict[str, object]:
        """What it did: counts by direction, connections, its own lateness in ms."""
        late = sorted(self._lateness) or [0.0]
        return {
            "up": dict(self._up.counts),
            "down": dict(self._down.counts),
            "connections": len(self._flows),
            "late_ms": {"p99": round(late[int(len(late) * 0.99)] * 1e3, 1), "most": round(late[-1] * 1e3, 1)},
        }

    def _wait_s(self) -> float:
        times = [way.wake_at for way, _, _ in self._ways if way.wake_at is not None]
        return max(0.0, min(times) - time.monotonic()) if times else -1

    def _read(self, way: Way, source: int, now: float) -> None:
        for packet in _packets(source):
            way.take(packet, now)

    def _deliver(self) -> None:
        now = time.monotonic()
        for way, _, target in self._ways:
            for due, packet in way.due(now):
                self._lateness.append(now - due)
                with suppress(BlockingIOError):  # the interface's queue is full: one more lost packet
                    os.write(target, packet)

    def _obey(self, text: bytes) -> bool:
        for word in text.decode().split("\n"):
            match word.split():
                case ["cut", "up"]:
                    self._up.is_cut = True
                case ["cut", "down"]:
                    self._down.is_cut = True
                case ["mend"]:
                    self._up.is_cut = self._down.is_cut = False
                case ["strand"]:
                    self._up.stranded = self._down.stranded = len(self._flows)
                case _:
                    continue
            sys.stdout.write(f"{word}\n")
            sys.stdout.flush()
        return bool(text)


def _packets(source: int) -> Iterator[bytes]:
    with suppress(BlockingIOError):
        while True:
            yield os.read(source, LARGEST)


def main() -> None:
    """Run with the weather as JSON and the two files' numbers as arguments."""
    with suppress(PermissionError):  # ahead of everything else: what is measured is not how busy the machine is
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    weather, phone, house = sys.argv[1:]
    forwarder = Forwarder(Weather(**json.loads(weather)), int(phone), int(house))
    forwarder.run()
    sys.stdout.write(json.dumps(forwarder.report()) + "\n")


if __name__ == "__main__":
    main()
