from collections.abc import Callable

from presslight.cloud.core.disk_waits import DiskWaits
from presslight.cloud.core.events import Asked, OnDisk
from presslight.cloud.core.open_presses import OpenPresses
from presslight.cloud.core.press import Press
from presslight.cloud.core.record import Order
from presslight.cloud.errors import StoreUnavailable
from presslight.contract.errors import ErrorCode
from tests.cloud.ports import Listener, Observer, PressStore, key, moment


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


class Defects(Observer):
    """Keeps the defects."""

    def __init__(self) -> None:
        super().__init__()
        self.defects: list[str] = []

    def on_defect(self, where: str, error: Exception) -> None:
        self.defects.append(where)


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
