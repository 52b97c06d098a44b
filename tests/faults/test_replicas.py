"""Two bridges on one PostgreSQL: the light acts once for a key, whichever carried it, and both tell the same truth."""

import asyncio
import signal
from contextlib import suppress
from itertools import count, cycle
from pathlib import Path
from typing import Any, Self, TypeAlias

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from presslight.mobile_sim.events import PhoneStatus
from tests.cloud.ports import key
from tests.cloud.raw_phone import RawPhone
from tests.faults.drill import Fault, drill
from tests.faults.hand import PATIENCE_MS
from tests.faults.handset import now_us, occurs
from tests.faults.lab import WAIT_S, Lab
from tests.faults.table import FAULTS
from tests.faults.truth import Press, brightness_of, judge
from tests.page.bridge_process import BridgeProcess
from tests.postgres import PostgresServer

Fields: TypeAlias = dict[str, Any]

ORIGIN = "b0b0b0b0b0b0b0b0"
PACE_S = 0.05


class Replicas(Lab):
    """A lab of two bridges on one database, and of fingers that press one key through both at once."""

    def __init__(self, folder: Path, postgres: PostgresServer, *, phones: int = 0) -> None:
        super().__init__(folder, bridges=2, phones=phones)
        self.postgres = postgres
        self._store = postgres.new_database()
        self._numbers = count(1)
        self._shades = cycle(range(3, 256, 5))

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.http = await self._exits.enter_async_context(httpx.AsyncClient(timeout=WAIT_S))
        return self

    async def _start_bridge(self, name: str) -> None:
        bridge = BridgeProcess(
            await self._broker_for(name), self.folder / name, self._bridge_options, store=self._store
        )
        self.bridges.append(await self._exits.enter_async_context(bridge))

    async def begin(self) -> "OneKey":
        """A finger comes down: a press that both bridges will be asked for."""
        light = next(iter(self.lights.values()))
        view = await self._view()
        shade = next(shade for shade in self._shades if shade != brightness_of(light.duty))
        number = next(self._numbers)
        not_after = {"boot": view["boot"], "up": view["up"] + PATIENCE_MS}
        press = self.history.press("both", light.name, shade, now_us(), PATIENCE_MS)
        return OneKey(self, press, key(number, ORIGIN), {"state": "ON", "brightness": shade}, not_after)

    async def _view(self) -> dict[str, Any]:
        """The light as a bridge has it, once it is there and the broker too."""
        async with asyncio.timeout(WAIT_S):
            while True:
                answer = await self.http.get(f"{self.bridge.url}/api/lights", headers=_signed(self.bridge))
                found: dict[str, Any] = answer.json()
                if answer.status_code == 200 and found["broker"] and found["lights"] and found["lights"][0]["online"]:
                    view: dict[str, Any] = found["lights"][0]
                    return view
                await occurs(asyncio.Event(), PACE_S)


async def _freeze(lab: Lab) -> None:
    _database(lab).freeze()


async def _thaw(lab: Lab) -> None:
    _database(lab).thaw()


async def _crash(lab: Lab) -> None:
    _database(lab).stop(signal.SIGQUIT)


async def _start(lab: Lab) -> None:
    _database(lab).start()


def _database(lab: Lab) -> PostgresServer:
    assert isinstance(lab, Replicas)
    return lab.postgres


FROZEN = Fault("database frozen", _freeze, _thaw)
CRASHED = Fault("database crashed", _crash, _start)
REPLICA_FAULTS = [fault for fault in FAULTS if fault.name.startswith(("bridge", "broker")) and not fault.options]


class OneKey:
    """One press, asked for through any bridge and in any way; `finals` is what each told as its last word."""

    def __init__(self, lab: Replicas, press: Press, pressed: str, wish: Fields, not_after: Fields) -> None:
        self.press = press
        self.finals: list[tuple[str, str | None]] = []
        self.sent, self.taken, self.refused = asyncio.Event(), asyncio.Event(), asyncio.Event()
        """It left over a socket; a bridge has said a word on it; one has said that it could not store it."""
        self._lab = lab
        self._key = pressed
        self._wish = wish
        self._not_after = not_after

    async def over_http(self, bridge: BridgeProcess) -> None:
        """Ask a bridge until there is a last word."""
        headers = _signed(bridge) | {"Idempotency-Key": self._key, "Prefer": "wait=5"}
        url = f"{bridge.url}/api/lights/{self.press.light}/presses"
        body = self._wish | {"not_after": self._not_after}
        while True:
            answer = await self._lab.http.post(url, json=body, headers=headers)
            assert answer.status_code in (200, 202, 503), answer.text
            if self._hear(answer.json()):
                return
            await occurs(asyncio.Event(), PACE_S)

    async def over_socket(self, phone: RawPhone) -> None:
        """The same over a WebSocket. A bridge that dies says nothing more."""
        frame = {"type": "press", "key": self._key, "light": self.press.light, "set": self._wish}
        with suppress(ConnectionClosed):
            await phone.send(frame | {"not_after": self._not_after})
            self.sent.set()
            while not self._hear(told := await phone.next()):
                if told["type"] == "error":
                    await occurs(asyncio.Event(), PACE_S)
                    await phone.send(frame | {"not_after": self._not_after})

    async def status(self, bridge: BridgeProcess) -> tuple[str, str | None]:
        """The present word, asked for without pressing."""
        answer = await self._lab.http.get(f"{bridge.url}/api/presses/{self._key}", headers=_signed(bridge))
        told = answer.json()
        return told["status"], told.get("reason")

    def _hear(self, told: dict[str, Any]) -> bool:
        """Take in an answer; whether it was the last word."""
        if told.get("code") == "store_unavailable":
            self.refused.set()
        assert "code" not in told or self.refused.is_set(), told
        if told.get("key") != self._key or "status" not in told:
            return False
        self.taken.set()
        self.press.hear(PhoneStatus(told["status"]), now_us())
        if told["final"]:
            self.finals.append((told["status"], told.get("reason")))
        return bool(told["final"])


def _signed(bridge: BridgeProcess) -> dict[str, str]:
    return {"Authorization": f"Bearer {bridge.token}"}


async def press_through_both(lab: Replicas, rounds: int) -> None:
    """One key through both bridges in the same instant, each time in another order and another way."""
    for turn in range(rounds):
        by_socket, by_http = lab.bridges if turn % 2 else reversed(lab.bridges)
        async with RawPhone(by_socket.url, by_socket.token) as phone:
            one = await lab.begin()
            asks = [one.over_http(by_http), one.over_socket(phone)]
            async with asyncio.timeout(WAIT_S):
                await asyncio.gather(*(asks if turn % 3 else reversed(asks)))
        await is_one(lab, one)
        assert len(one.finals) == 2
    assert judge(lab.history) == []


async def is_one(lab: Lab, one: OneKey) -> None:
    """Every bridge told the same. Returns once the light's output was read, so that the judge may have the word."""
    if ("applied", None) in one.finals:
        async with asyncio.timeout(WAIT_S):
            await lab.lights[one.press.light].until(lambda output: brightness_of(output.duty) == one.press.brightness)
    assert len(set(one.finals)) == 1


async def test_one_key_through_both_bridges_at_once_acts_once(postgres: PostgresServer, tmp_path: Path) -> None:
    async with Replicas(tmp_path, postgres) as lab:
        await press_through_both(lab, 36)
        assert sum(bool(acts) for _, acts in lab.history.acts()) >= 30


@pytest.mark.nightly
async def test_many_keys_through_both_bridges_at_once_act_once(postgres: PostgresServer, tmp_path: Path) -> None:
    async with Replicas(tmp_path, postgres) as lab:
        await press_through_both(lab, 2_000)
        assert sum(bool(acts) for _, acts in lab.history.acts()) >= 1_900


async def test_bridge_killed_mid_press_is_stood_in_for(postgres: PostgresServer, tmp_path: Path) -> None:
    """It may have stored the press or not, sent it or not: the phone asks the other one, and the word is one."""
    async with Replicas(tmp_path, postgres) as lab:
        doomed, other = lab.bridges
        for turn in range(2):
            one = await lab.begin()
            async with RawPhone(doomed.url, doomed.token) as phone, asyncio.timeout(WAIT_S):
                asking = asyncio.create_task(one.over_socket(phone), name="through the one that dies")
                await (one.taken if turn else one.sent).wait()
                await doomed.kill()
                await asyncio.gather(asking, one.over_http(other))
            await doomed.start()
            async with asyncio.timeout(WAIT_S):
                while await one.status(doomed) != one.finals[-1]:
                    await occurs(asyncio.Event(), PACE_S)
            await is_one(lab, one)
        assert judge(lab.history) == []


@pytest.mark.parametrize("fault", [FROZEN, CRASHED], ids=lambda fault: fault.name)
async def test_database_that_fails_mid_press_costs_no_truth(
    fault: Fault, postgres: PostgresServer, tmp_path: Path
) -> None:
    """Both bridges refuse, and say so; once it is back the very same press gets one last word."""
    async with Replicas(tmp_path, postgres) as lab:
        one = await lab.begin()
        async with RawPhone(lab.bridges[0].url, lab.bridges[0].token) as phone, asyncio.timeout(WAIT_S):
            await fault.strike(lab)
            asking = asyncio.gather(one.over_socket(phone), one.over_http(lab.bridges[1]))
            await one.refused.wait()
            await fault.heal(lab)
            await asking
        await is_one(lab, one)
        await press_through_both(lab, 2)


async def test_phones_press_on_while_the_database_is_frozen(postgres: PostgresServer, tmp_path: Path) -> None:
    async with Replicas(tmp_path, postgres, phones=2) as lab:
        row = await drill(lab, FROZEN, seconds=FROZEN.short_s, around=0, rounds=1)
    assert row.wrongs == []


@pytest.mark.nightly
async def test_phones_press_on_under_each_fault_of_replicas(postgres: PostgresServer, tmp_path: Path) -> None:
    async with Replicas(tmp_path, postgres, phones=4) as lab:
        for fault in (FROZEN, CRASHED, *REPLICA_FAULTS):
            row = await drill(lab, fault, seconds=fault.long_s, around=0, rounds=3)
            assert row.wrongs == []
