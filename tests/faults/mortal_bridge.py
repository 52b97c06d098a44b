"""`presslight`, whose bridge dies at a seam when it is told to, and whose clock can jump. Run as a module, by tests.

SIGUSR1: killed between storing the next press and publishing it. SIGUSR2: killed between a light's report and the last
word to the phone. SIGRTMIN: its clock goes `NAP_S` ahead, as if so much time had passed.
"""

import os
import signal
import time
from functools import partialmethod
from typing import Any

from presslight.cloud.bridge import Bridge
from presslight.cloud.core import probe
from presslight.cloud.mqtt.client import MqttClient
from presslight.cloud.websocket.session import Session
from presslight.command import app
from tests.faults.handset import NAP_S

_armed: set[int] = set()
_ahead_ns = 0


def _die_if(armed: int) -> None:
    if armed in _armed:
        os.kill(os.getpid(), signal.SIGKILL)


def _now() -> int:
    return time.monotonic_ns() + _ahead_ns


def _nap(*_: object) -> None:
    global _ahead_ns  # noqa: PLW0603 -- a clock of the whole program
    _ahead_ns += NAP_S * 1_000_000_000


def main() -> None:
    """Put the seams in, and be presslight."""
    publish, on_outcome, make = MqttClient.publish, Session.on_outcome, Bridge.__init__

    def publish_or_die(client: Any, light: str, message: bytes, key: str) -> Any:
        if key != probe.KEY:
            _die_if(signal.SIGUSR1)
        return publish(client, light, message, key)

    def send_or_die(session: Any, outcome: Any, text: str) -> None:
        if outcome.final:
            _die_if(signal.SIGUSR2)
        on_outcome(session, outcome, text)

    for owner, name, method in (
        (MqttClient, "publish", publish_or_die),
        (Session, "on_outcome", send_or_die),
        (Bridge, "__init__", partialmethod(make, now=_now)),
    ):
        setattr(owner, name, method)
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda armed, _: _armed.add(armed))
    signal.signal(signal.SIGRTMIN, _nap)
    app()


if __name__ == "__main__":
    main()
