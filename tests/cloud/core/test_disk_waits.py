from collections.abc import Callable

import pytest

from presslight.cloud.core.disk_waits import DiskWaits
from presslight.cloud.core.events import Asked, OnDisk
from presslight.cloud.core.open_presses import OpenPresses
from presslight.cloud.core.press import Press
from presslight.cloud.core.record import Order
from presslight.cloud.errors import StoreUnavailable
from presslight.contract.errors import ErrorCode
from tests.cloud.ports import Defects, Listener, PressStore, key, moment


class Waits:
    """Presses that wait for a disk which takes nothing until it is told to. `there` lists those that it has."""

    def __init__(self, on_disk: Callable[[Press, int], None] | None = None) -> None:
        self.store = PressStore()
        self.store.is_slow = True
        self.presses = OpenPresses(10, 10)
        self.there: list[str] = []
        self.observer = Defects()
        self.waits = DiskWaits(self.store, self.presses, self.observer, on_disk or self._note)

    def _note(self, press: Press, now: int) -> None:
        press.on_event(OnDisk(), now)
        self.there.append(press.order.key)

    def begin(self, number: int = 1) -> tuple[Press, Listener]:
        order = Order(key(number), "kitchen", "ann", "payload", b"", moment(3_000))
        press, listener = Press(order, followed=True, stamps=None), Listener()
        press.on_event(Asked(True, True, dated=False, new=True), 0)
        self.presses.add(press, listener)
        self.waits.begin(press)
        return press, listener


def test_presses_are_there_in_the_order_in_which_they_were_stored() -> None:
    house = Waits()
    for number in (2, 1, 3):
        house.begin(number)
    assert house.there == []
    house.store.on_disk()
    assert house.there == [key(2), key(1), key(3)]


def test_who_asked_again_meanwhile_is_answered_as_often() -> None:
    house = Waits()
    press, listener = house.begin()
    stranger = Listener()
    for asker in (listener, listener, stranger):
        house.waits.ask_again(press, asker)
    house.store.on_disk()
    house.waits.ask_again(press, listener)  # it waits no more
    assert (listener.words, stranger.words) == (["accepted"] * 2, [])


def test_disk_that_fails_refuses_each_press_and_lets_go_of_it() -> None:
    house = Waits()
    _, listener = house.begin()
    house.store.on_disk(StoreUnavailable("the disk failed"))
    assert listener.refusals == [(key(), ErrorCode.STORE_UNAVAILABLE)]
    assert (house.there, len(house.presses)) == ([], 0)


def test_defect_at_one_press_leaves_the_others() -> None:
    seen: list[str] = []

    def fail(press: Press, _now: int) -> None:
        seen.append(press.order.key)
        raise ZeroDivisionError

    house = Waits(fail)
    house.begin(1)
    house.begin(2)
    house.store.on_disk()
    assert seen == house.observer.defects == [key(1), key(2)]


@pytest.mark.parametrize("error", [None, StoreUnavailable("the disk failed")], ids=["stored", "refused"])
def test_listener_that_fails_keeps_no_other_from_being_told(
    error: StoreUnavailable | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, other = Waits(), Listener()
    press, listener = house.begin()
    house.presses.add_listener(key(), other)
    for asker in (listener, other):
        house.waits.ask_again(press, asker)
    for name in ("on_outcome", "on_refusal"):
        monkeypatch.setattr(listener, name, lambda *_: 1 / 0)
    house.store.on_disk(error)
    assert (len(other.words), len(other.refusals)) == ((1, 0) if error is None else (0, 1))
    assert house.observer.defects == [key()]
