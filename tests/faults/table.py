"""The faults, one row each."""

import asyncio
import os
import resource
import signal
import sqlite3
from collections.abc import Callable

from tests.faults.cable import Cable
from tests.faults.drill import Deed, Fault
from tests.faults.lab import Lab

FILES = 64
"""How many a bridge may have open when they are used up."""

Pid = Callable[[Lab], int]


def _signal(number: signal.Signals, pid_of: Pid) -> Deed:
    async def send(lab: Lab) -> None:
        os.kill(pid_of(lab), number)

    return send


def _stopped(name: str, pid_of: Pid, *, short_s: float, **options: int) -> Fault:
    """A process that stands still: SIGSTOP, then SIGCONT."""
    strike, heal = _signal(signal.SIGSTOP, pid_of), _signal(signal.SIGCONT, pid_of)
    return Fault(name, strike, heal, short_s=short_s, options=options)


async def _kill_bridge(lab: Lab) -> None:
    await lab.bridge.kill()


async def _start_bridge(lab: Lab) -> None:
    await lab.bridge.start()


async def _kill_broker(lab: Lab) -> None:
    await lab.broker.kill()


async def _stop_broker(lab: Lab) -> None:
    await lab.broker.stop()


async def _start_broker(lab: Lab) -> None:
    await lab.broker.start()


async def _start_emptied_broker(lab: Lab) -> None:
    for saved in (lab.folder / "mosquitto").glob("*.db*"):
        saved.unlink()
    await lab.broker.start()


async def _cut_power(lab: Lab) -> None:
    for light in lab.lights.values():
        await light.power_cut()


async def _give_power(lab: Lab) -> None:
    for light in lab.lights.values():
        await light.power_on()


async def _lose_wifi(lab: Lab) -> None:
    for light in lab.lights.values():
        light.set_wifi(False)


async def _find_wifi(lab: Lab) -> None:
    for light in lab.lights.values():
        light.set_wifi(True)


async def _kill_phone(lab: Lab) -> None:
    """While a press of it is under way: the lights are far from the broker."""
    for light in lab.lights:
        lab.cables[light].slow(0.3)
    await lab.far_phones["far-1"].pressing()
    await lab.far_phones["far-1"].kill()


async def _start_phone(lab: Lab) -> None:
    for light in lab.lights:
        lab.cables[light].mend()
    await lab.far_phones["far-1"].start()


def _cables(act: Callable[[Cable], None], *, of: str = "") -> Deed:
    """Do this to the cables whose names start so: lights' have a light's, others `bridge-` and `phone-`."""

    async def do(lab: Lab) -> None:
        for name, cable in lab.cables.items():
            if name.startswith(of) if of else name in lab.lights:
                act(cable)

    return do


def _cable(name: str, act: Callable[[Cable], None], *, of: str = "", short_s: float = 1.5) -> Fault:
    options = {"cabled": True}
    return Fault(name, _cables(act, of=of), _cables(Cable.mend, of=of), short_s=short_s, options=options)


def _dies_at(seam: signal.Signals) -> Fault:
    """The bridge kills itself at a seam that the next press brings it to."""

    async def strike(lab: Lab) -> None:
        os.kill(lab.bridge.process.pid, seam)
        await lab.bridge.process.wait()

    name = {signal.SIGUSR1: "before publishing", signal.SIGUSR2: "before the word"}[seam]
    options = {"bridge_program": "tests.faults.mortal_bridge"}
    return Fault(f"bridge killed {name}", strike, _start_bridge, short_s=0.3, options=options)


def _limit(kind: int, soft: int | None) -> Deed:
    """Leave the bridge so much of a resource; None: as much as it may have."""

    async def limit(lab: Lab) -> None:
        pid = lab.bridge.process.pid
        _, hard = resource.prlimit(pid, kind)
        resource.prlimit(pid, kind, (hard if soft is None else soft, hard))

    return limit


async def _lock_store(lab: Lab) -> None:
    db = sqlite3.connect(lab.bridge.store, isolation_level=None)
    lab.belongings.callback(db.close)
    db.execute("BEGIN IMMEDIATE")


async def _use_up_files(lab: Lab) -> None:
    await _limit(resource.RLIMIT_NOFILE, FILES)(lab)
    for _ in range(2 * FILES):
        _, writer = await asyncio.open_connection("127.0.0.1", lab.bridge.port)
        lab.belongings.callback(writer.close)


async def _give_files(lab: Lab) -> None:
    await _take_back(lab)
    await _limit(resource.RLIMIT_NOFILE, None)(lab)


async def _nothing(_: Lab) -> None:
    """It happens by itself."""


async def _take_back(lab: Lab) -> None:
    await lab.belongings.aclose()


FAULTS = (
    Fault("bridge killed", _kill_bridge, _start_bridge),
    _stopped("bridge stopped", lambda lab: lab.bridge.process.pid, short_s=2),
    Fault("broker killed", _kill_broker, _start_broker),
    Fault("broker restarted with its database", _stop_broker, _start_broker),
    Fault("broker restarted without its database", _stop_broker, _start_emptied_broker),
    _stopped("broker stopped", lambda lab: lab.broker.pid, short_s=2.5),
    Fault("light killed", _cut_power, _give_power),
    _stopped("light stopped", lambda lab: next(iter(lab.lights.values())).pid, short_s=1.5),
    Fault("Wi-Fi away", _lose_wifi, _find_wifi, short_s=3),
    Fault("Wi-Fi away for long", _lose_wifi, _find_wifi, short_s=8, long_s=30),
    _stopped("phone stopped", lambda lab: lab.far_phones["far-1"].pid, short_s=2, far_phones=1),
    Fault("phone killed", _kill_phone, _start_phone, options={"far_phones": 1, "cabled": True}),
    _dies_at(signal.SIGUSR1),
    _dies_at(signal.SIGUSR2),
    Fault("disk full", _limit(resource.RLIMIT_FSIZE, 0), _limit(resource.RLIMIT_FSIZE, None), short_s=2.5),
    Fault("store locked", _lock_store, _take_back, short_s=2.5),
    Fault("files used up", _use_up_files, _give_files, short_s=2),
    _cable("light's cable cut one way, out", lambda cable: cable.out.cut()),
    _cable("light's cable cut one way, back", lambda cable: cable.back.cut()),
    _cable("light's cable half open", Cable.cut, short_s=6),
    _cable("bridge's cable cut one way, out", lambda cable: cable.out.cut(), of="bridge"),
    _cable("bridge's cable cut one way, back", lambda cable: cable.back.cut(), of="bridge"),
    _cable("bridge's cable half open", Cable.cut, of="bridge", short_s=3),
    _cable("phone's cable half open", Cable.cut, of="phone", short_s=2),
    _cable("phone's cable cut one way, back", lambda cable: cable.back.cut(), of="phone"),
    _cable("heartbeat and reports late", lambda cable: cable.out.slow(1.5), short_s=2),
    _cable("slow broker", lambda cable: cable.slow(0.4), short_s=2),
    Fault("light's clock wraps", _nothing, _nothing, short_s=3.5, options={"odd_clocks": True}),
)
