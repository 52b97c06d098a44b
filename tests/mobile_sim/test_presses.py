import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from presslight.contract.errors import ErrorCode
from presslight.contract.phone import Press
from presslight.contract.phone_rules import HEDGE_MS
from presslight.contract.words import PressStatus
from presslight.mobile_sim.errors import JournalBroken, TooManyOpen
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.journal import Journal
from presslight.mobile_sim.phone import Phone
from presslight.mobile_sim.presses import WORTH_MS, Presses
from presslight.mobile_sim.screen import Screen
from tests.mobile_sim.fake_bridge import TOKEN, FakeBridge, accept, apply, view


class Moved:
    """A phone's clocks, moved by the test, that ring what is due; and what its presses sent when."""

    def __init__(self) -> None:
        self.ms = 0.0
        self.sent: list[tuple[float, int]] = []
        self.screen = Screen(0)
        self.screen.show(view(up=1_000), 0)
        self._calls: list[tuple[float, Callable[[], None]]] = []
        journal = Journal()
        journal.open()
        self.presses = Presses(journal, self._send, self)

    def _send(self, frame: BaseModel, *, hedge: bool = False) -> None:
        assert isinstance(frame, Press)
        self.sent.append((self.ms, frame.age_ms))

    def now(self) -> float:
        return self.ms

    def wall(self) -> int:
        return 1

    def call_at(self, at: float, call: Callable[[], None]) -> "Ring":
        self._calls.append((at, call))
        return Ring(self._calls, (at, call))

    def pass_to(self, ms: float) -> None:
        while due := min((each for each in self._calls if each[0] <= ms), key=lambda each: each[0], default=None):
            self._calls.remove(due)
            self.ms = max(self.ms, due[0])
            due[1]()
        self.ms = ms

    def press(self) -> str:
        """Press the kitchen light with a link; answers the key."""
        flight = self.presses.begin(self.screen.lights["kitchen"], {"state": "ON"}, None, 2_000, self.ms)
        self.presses.start(flight, 10)
        return flight.frame.key

    def hears_clock(self, up: int) -> None:
        self.screen.show(view(up=up), self.ms)
        self.presses.clock_heard(self.screen.lights["kitchen"])

    @property
    def words(self) -> list[PhoneStatus]:
        return [flight.journey.status for flight in self.presses.open]


class Ring:
    """A call to come."""

    def __init__(self, calls: list[tuple[float, Callable[[], None]]], call: tuple[float, Callable[[], None]]) -> None:
        self._calls = calls
        self._call = call

    def cancel(self) -> None:
        if self._call in self._calls:
            self._calls.remove(self._call)


def test_nothing_is_sent_between_two_links() -> None:
    moved = Moved()
    moved.press()
    moved.presses.link_down()
    moved.pass_to(10 * HEDGE_MS)
    assert moved.sent == [(0, 0)]
    moved.presses.link_up(10)
    assert moved.sent == [(0, 0), (10 * HEDGE_MS, 10 * HEDGE_MS)]


def test_clock_that_is_known_better_by_much_brings_the_deadline_nearer() -> None:
    moved = Moved()
    moved.hears_clock(1_000)
    moved.press()
    moved.hears_clock(1_000 + WORTH_MS - 1)  # by too little to be worth it
    moved.pass_to(1_900)
    assert moved.words == [PhoneStatus.PENDING]
    moved.hears_clock(3_000)
    moved.pass_to(1_905)
    assert moved.words == [PhoneStatus.UNCONFIRMED]


async def test_keys_count_up_and_deadlines_never_go_back(bridge: FakeBridge, phone: Phone) -> None:
    for patience_ms in (10_000, 100):
        await phone.press("kitchen", state="ON", patience_ms=patience_ms)
    one, two = bridge.presses
    assert one.key.rpartition("-")[0] == two.key.rpartition("-")[0]
    assert int(two.key.rpartition("-")[2]) == int(one.key.rpartition("-")[2]) + 1
    assert one.not_after is not None
    assert two.not_after is not None
    assert two.not_after.up >= one.not_after.up


async def test_view_of_another_boot_says_nothing_of_a_press(bridge: FakeBridge, phone: Phone) -> None:
    """It may be an older one, which the broker had kept; what became of the press is for the bridge to say."""
    bridge.answer = accept
    flight = phone.begin("kitchen", state="ON", patience_ms=10_000)
    await bridge.until(lambda: bool(bridge.presses))
    await bridge.change("kitchen", boot="deadbeef", up=10, version=(2, 0))
    async with asyncio.timeout(10):
        await phone.until(lambda lights: lights["kitchen"].version == (2, 0))
    assert flight.journey.status is PhoneStatus.ACCEPTED


async def test_phone_that_is_killed_asks_in_its_next_life(bridge: FakeBridge, tmp_path: Path) -> None:
    bridge.answer = accept
    async with Phone(bridge.url, TOKEN, journal=tmp_path / "journal") as phone:
        key = phone.begin("kitchen", state="ON").frame.key
        await bridge.until(lambda: bool(bridge.presses))
    bridge.answer = apply
    async with Phone(bridge.url, TOKEN, journal=tmp_path / "journal") as phone:
        await phone.settled()
        after = await phone.press("kitchen", state="OFF")
    assert [press.key for press in bridge.presses] == [key, key, after.key]
    assert bridge.applied == {key: 1, after.key: 1}
    assert [shown.key for shown in bridge.shown] == [after.key]
    async with Phone(bridge.url, TOKEN, journal=tmp_path / "journal") as phone:
        assert phone.open == ()


async def test_press_that_cannot_be_stored_is_not_sent(bridge: FakeBridge, tmp_path: Path) -> None:
    async with Phone(bridge.url, TOKEN, journal=tmp_path / "journal") as phone:
        phone._journal.close()
        phone._journal._file = 1 << 20  # no such descriptor: every write fails
        with pytest.raises(JournalBroken):
            await phone.press("kitchen", state="ON")
        assert phone.open == ()
        phone._journal._file = None
        await phone.press("kitchen", state="ON")
    assert len(bridge.presses) == 1


async def test_open_presses_are_bounded(bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.mobile_sim.presses.MAX_OPEN", 2)
    bridge.answer = accept
    for _ in range(2):
        phone.begin("kitchen", state="ON")
    with pytest.raises(TooManyOpen):
        phone.begin("kitchen", state="ON")


async def test_errors_and_outcomes_of_other_presses_change_nothing(bridge: FakeBridge, phone: Phone) -> None:
    bridge.answer = accept
    flight = phone.begin("kitchen", state="ON")
    await bridge.until(lambda: bool(bridge.presses))
    strange = bridge.presses[0].model_copy(update={"key": "fedcba9876543210-1"})
    await bridge.visits[0].status(strange, PressStatus.REFUSED)
    await bridge.visits[0].problem(ErrorCode.KEY_REUSED, strange.key)
    await bridge.visits[0].problem(ErrorCode.TOO_LARGE)
    await bridge.change("kitchen", state="ON", version=(1, 9))
    await phone.until(lambda lights: lights["kitchen"].version == (1, 9))
    assert [journey.key for journey in phone.open] == [flight.frame.key]
