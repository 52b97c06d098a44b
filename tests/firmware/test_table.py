from hypothesis import given
from hypothesis import strategies as st

from lamp.table import ORIGINS, WINDOW, Table


def filled(*deadlines: int) -> Table:
    """A table whose origins "0", "1", … must be known until the deadlines."""
    table = Table()
    for origin, deadline in enumerate(deadlines):
        table.stay(table.room(str(origin), 0), deadline)
    return table


def test_origin_is_found_where_it_was_given_a_place() -> None:
    table = Table()
    place = table.room("a", 0)
    assert table.find("a") == place
    assert table.find("b") == -1


def test_table_gives_every_place_before_anybody_leaves() -> None:
    table = filled(*range(1, ORIGINS + 1))
    assert {table.find(str(origin)) for origin in range(ORIGINS)} == set(range(ORIGINS))
    assert table.gone_until == -1


def test_full_table_has_no_room_up_to_the_first_deadline() -> None:
    table = filled(*range(100, 100 + ORIGINS))
    assert table.room("new", 100) == -1
    assert table.room("new", 101) == table.find("new") >= 0


def test_origin_whose_deadline_passed_longest_ago_leaves() -> None:
    deadlines = [50, 30, 40] + [90] * (ORIGINS - 3)
    table = filled(*deadlines)
    table.room("new", 60)
    assert [table.find(str(origin)) for origin in range(3)] == [0, -1, 2]
    assert table.gone_until == 30


def test_deadline_never_goes_back() -> None:
    table = filled(*[100] * ORIGINS)
    table.stay(0, 50)
    assert table.room("new", 99) == -1


def test_place_that_is_lent_again_remembers_nothing_but_that_it_is_blind() -> None:
    table = filled(*[10] * ORIGINS)
    table.rise(0, 7, True)
    place = table.room("new", 11)
    assert place == 0
    assert table.is_new(place, 1)
    assert table.is_blind(place, 10)
    assert not table.is_blind(place, 11)


def test_origin_of_a_table_that_lost_nobody_is_not_blind() -> None:
    table = filled(10)
    assert not table.is_blind(0, 0)


@given(st.lists(st.tuples(st.integers(1, 2 * WINDOW), st.booleans()), max_size=20))
def test_table_remembers_which_of_the_newest_numbers_acted(steps: list[tuple[int, bool]]) -> None:
    table = filled(10)
    acted: dict[int, bool] = {}
    highest = 0
    for step, has_acted in steps:
        highest += step
        table.rise(0, highest, has_acted)
        acted[highest] = has_acted
    for number in range(max(1, highest - 3 * WINDOW), highest + 1):
        expected = acted.get(number, False) if highest - number < WINDOW else None
        assert table.has_acted(0, number) is expected
        assert not table.is_new(0, number)
    assert table.is_new(0, highest + 1)


@given(st.integers(1, 2**30 - 1), st.integers(1, 2**30 - 1))
def test_table_holds_small_integers_only(one: int, other: int) -> None:
    table = filled(10)
    for number in sorted({one, other}):
        table.rise(0, number, True)
    assert 0 <= table._acted[0] < 2**WINDOW
