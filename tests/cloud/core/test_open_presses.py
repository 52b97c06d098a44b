from presslight.cloud.core.open_presses import OpenPresses
from presslight.cloud.core.press import Press
from presslight.cloud.core.record import Order
from tests.cloud.ports import Listener, key, moment


def press(number: int, light: str = "kitchen", phone: str = "ann") -> Press:
    return Press(Order(key(number), light, phone, "payload", b"{}", moment(1)), followed=True, stamps=None)


def test_press_is_found_by_key_and_by_light() -> None:
    presses = OpenPresses(10, 10)
    one, two, other = press(1), press(2), press(3, "hall")
    for made in (one, two, other):
        presses.add(made, None)
    assert presses.get(key(2)) is two
    assert presses.of("kitchen") == [one, two]
    assert presses.all() == [one, two, other]
    assert len(presses) == 3
    assert (presses.get(key(9)), presses.of("cellar")) == (None, [])


def test_removed_press_leaves_nothing_behind() -> None:
    presses = OpenPresses(10, 10)
    listener = Listener()
    for number in range(1, 5):
        presses.add(press(number), listener)
    for made in presses.all():
        presses.remove(made)
    assert (len(presses), presses.of("kitchen"), presses.listeners(key(1))) == (0, [], [])
    assert (presses._by_light, presses._listeners, presses._count_of) == ({}, {}, {})


def test_presses_may_be_removed_while_they_are_gone_through() -> None:
    presses = OpenPresses(10, 10)
    for number in range(1, 5):
        presses.add(press(number), None)
    for made in presses.of("kitchen"):
        presses.remove(made)
    assert presses.all() == []


def test_room_is_bounded_by_light_and_in_all() -> None:
    presses = OpenPresses(3, 2)
    presses.add(press(1, phone="bob"), None)
    assert presses.has_room("kitchen", "ann")
    presses.add(press(2, phone="eve"), None)
    assert not presses.has_room("kitchen", "ann")
    assert presses.has_room("hall", "ann")
    presses.add(press(3, "hall", "joe"), None)
    assert not presses.has_room("cellar", "ann")
    presses.remove(presses.of("hall")[0])
    assert presses.has_room("cellar", "ann")


def test_one_phone_gets_a_quarter_of_the_room_at_a_light_and_in_all() -> None:
    presses = OpenPresses(16, 8)
    for number in (1, 2):
        presses.add(press(number), None)
    assert not presses.has_room("kitchen", "ann")
    assert presses.has_room("kitchen", "bob")
    for number in (3, 4):
        presses.add(press(number, "hall"), None)
    assert not presses.has_room("cellar", "ann")
    assert presses.has_room("cellar", "bob")
    presses.remove(presses.of("kitchen")[0])
    assert presses.has_room("kitchen", "ann")


def test_watcher_is_kept_once_and_let_go() -> None:
    presses = OpenPresses(10, 10)
    first, second = Listener(), Listener()
    presses.add(press(1), first)
    presses.add_listener(key(1), first)
    presses.add_listener(key(1), second)
    assert presses.listeners(key(1)) == [first, second]
    presses.remove_listener(key(1), first)
    presses.remove_listener(key(1), first)
    assert presses.listeners(key(1)) == [second]


def test_press_that_is_not_open_is_watched_by_nobody() -> None:
    presses = OpenPresses(10, 10)
    presses.add_listener(key(1), Listener())
    presses.remove_listener(key(1), Listener())
    assert presses.listeners(key(1)) == []
