from hypothesis import given
from hypothesis import strategies as st

from presslight.contract.light import WishFields
from presslight.mobile_sim.slider import Slider


def at(brightness: int) -> WishFields:
    return {"state": "ON", "brightness": brightness}


def test_first_wish_goes_at_once_and_the_newest_waits() -> None:
    slider = Slider()
    assert slider.move(at(10)) == at(10)
    assert slider.move(at(20)) is None
    assert slider.move(at(30)) is None
    assert slider.settled() == at(30)
    assert slider.settled() is None
    assert slider.move(at(40)) == at(40)


def test_wish_that_is_on_its_way_already_does_not_wait() -> None:
    slider = Slider()
    slider.move(at(10))
    slider.move(at(20))
    slider.move(at(10))
    assert slider.settled() is None


def test_attribute_that_a_newer_wish_leaves_out_is_kept() -> None:
    slider = Slider()
    slider.move(at(10))
    slider.move(at(20))
    slider.move({"state": "ON"})
    assert slider.settled() == at(20)


@given(st.lists(st.integers(1, 255) | st.none(), min_size=1))
def test_light_ends_where_the_finger_rests(moves: list[int | None]) -> None:
    slider = Slider()
    pressed: list[WishFields] = []
    in_flight = 0
    for move in moves:  # None: the press in flight settles
        if move is None and not in_flight:
            continue
        in_flight -= move is None
        wish = slider.settled() if move is None else slider.move(at(move))
        if wish is not None:
            pressed.append(wish)
            in_flight += 1
        assert in_flight in (0, 1)
    while in_flight:
        wish = slider.settled()
        in_flight = int(wish is not None)
        pressed += [wish] if wish is not None else []
    wishes = [at(move) for move in moves if move is not None]
    assert pressed[-1:] == wishes[-1:]
