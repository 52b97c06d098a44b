from hypothesis import given
from hypothesis import strategies as st

from presslight.mobile_sim.slider import Slider


def test_first_value_goes_at_once_and_the_newest_waits() -> None:
    slider = Slider()
    assert slider.move(10) == 10
    assert slider.move(20) is None
    assert slider.move(30) is None
    assert slider.settled() == 30
    assert slider.settled() is None
    assert slider.move(40) == 40


def test_value_that_is_on_its_way_already_does_not_wait() -> None:
    slider = Slider()
    slider.move(10)
    slider.move(20)
    slider.move(10)
    assert slider.settled() is None


@given(st.lists(st.integers(1, 255) | st.none(), min_size=1))
def test_light_ends_where_the_finger_rests(moves: list[int | None]) -> None:
    slider = Slider()
    pressed: list[int] = []
    in_flight = 0
    for move in moves:  # None: the press in flight settles
        if move is None and not in_flight:
            continue
        in_flight -= move is None
        value = slider.settled() if move is None else slider.move(move)
        if value is not None:
            pressed.append(value)
            in_flight += 1
        assert in_flight in (0, 1)
    while in_flight:
        value = slider.settled()
        in_flight = int(value is not None)
        pressed += [value] if value is not None else []
    values = [move for move in moves if move is not None]
    assert pressed[-1:] == values[-1:]
