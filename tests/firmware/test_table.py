from hypothesis import given
from hypothesis import strategies as st

from lamp.table import ACTED, NEVER, NEW, ORIGINS, UNKNOWN, WINDOW, Table

LATER = 1_000


def filled(*deadlines: int) -> Table:
    """A table whose origins "0", "1", … of number 1 must be known until the deadlines."""
    table = Table()
    for origin, deadline in enumerate(deadlines):
        assert table.note(str(origin), 1, True, deadline, 0)
    return table


def known(table: Table) -> list[bool]:
    """Which of the origins "0", "1", … have a place."""
    return [table.knows(str(origin), 1, LATER) == ACTED for origin in range(ORIGINS)]


def test_origin_is_known_from_its_first_number_on() -> None:
    table = Table()
    assert table.knows("a", 1, LATER) == NEW
    assert table.note("a", 1, False, 10, 0)
    assert table.knows("a", 1, LATER) == NEVER
    assert table.knows("b", 1, LATER) == NEW


def test_table_gives_every_place_before_anybody_leaves() -> None:
    table = filled(*range(1, ORIGINS + 1))
    assert known(table) == [True] * ORIGINS
    assert table.gone_until == -1


def test_full_table_has_no_room_up_to_the_first_deadline() -> None:
    table = filled(*range(100, 100 + ORIGINS))
    assert not table.note("new", 1, True, LATER, 100)
    assert known(table) == [True] * ORIGINS
    assert table.note("new", 1, True, LATER, 101)


def test_origin_whose_deadline_passed_longest_ago_leaves() -> None:
    table = filled(*[50, 30, 40] + [90] * (ORIGINS - 3))
    table.note("new", 1, True, LATER, 60)
    assert known(table) == [True, False] + [True] * (ORIGINS - 2)
    assert table.gone_until == 30


def test_deadline_never_goes_back() -> None:
    table = filled(*[100] * ORIGINS)
    table.note("0", 2, True, 50, 0)
    assert not table.note("new", 1, True, LATER, 99)


def test_origin_stays_until_its_newest_deadline() -> None:
    table = filled(*[100] * ORIGINS)
    table.note("0", 2, True, 200, 0)
    table.note("new", 1, True, LATER, 150)
    assert known(table) == [True, False] + [True] * (ORIGINS - 2)


def test_place_that_is_lent_again_remembers_nothing_but_that_it_is_blind() -> None:
    table = filled(*[10] * ORIGINS)
    table.note("new", 7, False, LATER, 11)
    assert table.knows("new", 8, LATER) == NEW
    assert table.knows("new", 1, 10) == UNKNOWN
    assert table.knows("new", 1, 11) == NEVER


def test_origin_of_a_table_that_lost_nobody_is_not_blind() -> None:
    table = filled(10)
    table.note("0", 2, False, 10, 0)
    assert table.knows("0", 2, 0) == NEVER


@given(st.lists(st.tuples(st.integers(1, 2 * WINDOW), st.booleans()), min_size=1, max_size=20))
def test_table_remembers_which_of_the_newest_numbers_acted(steps: list[tuple[int, bool]]) -> None:
    table = Table()
    acted: dict[int, bool] = {}
    highest = 0
    for step, has_acted in steps:
        highest += step
        table.note("a", highest, has_acted, 10, 0)
        acted[highest] = has_acted
    for number in range(max(1, highest - 3 * WINDOW), highest + 1):
        expected = (ACTED if acted.get(number) else NEVER) if highest - number < WINDOW else UNKNOWN
        assert table.knows("a", number, LATER) == expected
    assert table.knows("a", highest + 1, LATER) == NEW


@given(st.integers(1, 2**30 - 1), st.integers(1, 2**30 - 1))
def test_table_holds_small_integers_only(one: int, other: int) -> None:
    table = Table()
    for number in sorted({one, other}):
        table.note("a", number, True, 10, 0)
    assert 0 <= table._acted[0] < 2**WINDOW
