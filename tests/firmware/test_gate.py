"""The gate's rules one by one; `test_promises.py` has them all at once, at random."""

import pytest

from lamp.gate import MAX_AHEAD_MS, MEMORY
from lamp.light import NOTHING, REPORT, SHINE
from lamp.table import ORIGINS, WINDOW
from tests.firmware.conftest import Both
from tests.firmware.on_micropython.scenarios import EPOCH
from tests.firmware.presses import Press, Seen

A, B = 0xA, 0xB


def seen(both: Both, *steps: object) -> list[Seen]:
    return [Seen(*each) for each in both("lamp", list(steps))]


def outcomes(both: Both, *steps: tuple[int, Press]) -> list[str]:
    """What was answered to each press, sent at its clock."""
    return [each.outcome for each in seen(both, *([up, press.payload] for up, press in steps))]


def test_press_in_time_is_applied(both: Both) -> None:
    [after] = seen(both, [10, Press(A, 1, until=10).payload])
    assert (after.act, after.is_on, after.seq, after.decided) == (SHINE, True, 1, 1)
    assert after.answers == [[Press(A, 1, 10).key, "applied", 1]]


def test_press_that_changes_nothing_is_applied_in_the_same_version(both: Both) -> None:
    [after] = seen(both, [10, Press(A, 1, until=10, state="OFF").payload])
    assert (after.act, after.outcome, after.seq) == (SHINE, "applied", 0)


def test_press_for_another_boot_is_rebooted(both: Both) -> None:
    assert outcomes(both, (10, Press(A, 1, until=99, boot="00000000"))) == ["rebooted"]


def test_key_that_was_decided_is_rebooted_for_another_boot(both: Both) -> None:
    mine, other = Press(A, 1, until=99), Press(A, 1, until=99, boot="00000000")
    assert outcomes(both, (10, mine), (11, other)) == ["applied", "rebooted"]


def test_copy_gets_the_same_answer_and_acts_no_more(both: Both) -> None:
    press = Press(A, 1, until=99).payload
    first, after, again = seen(both, [10, press], "button", [20, press])
    assert (again.act, again.is_on, again.decided) == (REPORT, False, 2)
    assert again.answers == first.answers
    assert after.seq == again.seq == 2


def test_copy_moves_its_answer_to_the_end(both: Both) -> None:
    one, two = Press(A, 1, until=99), Press(B, 1, until=99)
    *_, after = seen(both, [1, one.payload], [2, two.payload], [3, one.payload])
    assert [key for key, *_ in after.answers] == [two.key, one.key]


def test_copy_that_left_the_last_answers_is_applied_again_in_the_present_version(both: Both) -> None:
    first = Press(A, 1, until=99)
    others = [[n, Press(A, n, until=99, brightness=n).payload] for n in range(2, MEMORY + 3)]
    *_, after = seen(both, [1, first.payload], *others, [50, first.payload])
    assert (after.act, after.answers[-1]) == (REPORT, [first.key, "applied", MEMORY + 2])


def test_older_press_of_the_same_origin_is_superseded(both: Both) -> None:
    assert outcomes(both, (10, Press(A, 2, until=99)), (11, Press(A, 1, until=99, state="OFF"))) == [
        "applied",
        "superseded",
    ]


def test_older_press_of_another_origin_is_applied(both: Both) -> None:
    assert outcomes(both, (10, Press(A, 2, until=99)), (11, Press(B, 1, until=99))) == ["applied", "applied"]


@pytest.mark.parametrize(("age", "outcome"), [(WINDOW - 1, "applied"), (WINDOW, "forgotten")])
def test_window_knows_just_so_far_back(both: Both, age: int, outcome: str) -> None:
    others = [(2, Press(A, n, until=99)) for n in range(2, 2 + age)]
    assert outcomes(both, (1, Press(A, 1, until=99)), *others, (3, Press(A, 1, until=99)))[-1] == outcome


def test_jump_over_the_window_forgets_all_before(both: Both) -> None:
    first, jump = Press(A, 5, until=99), Press(A, 5 + 2**29, until=99)
    others = [(3, Press(B, n, until=99)) for n in range(1, 9)]
    assert outcomes(both, (1, first), (2, jump), *others, (4, first))[-1] == "forgotten"


@pytest.mark.parametrize(("up", "outcome"), [(99, "applied"), (100, "late")])
def test_deadline_is_the_last_good_ms(both: Both, up: int, outcome: str) -> None:
    assert outcomes(both, (up, Press(A, 1, until=99))) == [outcome]


def test_late_press_leaves_the_light_and_its_order_alone(both: Both) -> None:
    after = seen(both, [100, Press(A, 9, until=99).payload], [100, Press(A, 1, until=200).payload])
    assert (after[0].act, after[0].is_on, after[0].seq) == (REPORT, False, 0)
    assert after[1].outcome == "applied"


@pytest.mark.parametrize(("ahead", "outcome"), [(MAX_AHEAD_MS, "applied"), (MAX_AHEAD_MS + 1, "invalid")])
def test_deadline_is_taken_so_far_ahead_and_no_farther(both: Both, ahead: int, outcome: str) -> None:
    assert outcomes(both, (7, Press(A, 1, until=7 + ahead))) == [outcome]


def test_deadline_too_far_ahead_stays_invalid_when_it_has_come_near(both: Both) -> None:
    press = Press(A, 1, until=MAX_AHEAD_MS + 1)
    fill = [(9, Press(B, n, until=100)) for n in range(1, MEMORY + 1)]
    assert outcomes(both, (0, press), *fill, (10, press))[-1] == "superseded"


def test_full_table_is_busy_until_a_deadline_has_passed(both: Both) -> None:
    table = [(1, Press(origin, 1, until=100 + origin)) for origin in range(ORIGINS)]
    late = Press(99, 1, until=500)
    assert outcomes(both, *table, (100, late), (101, late))[-2:] == ["busy", "applied"]


def test_busy_answer_is_replaced_when_its_key_acts(both: Both) -> None:
    table = [[1, Press(origin, 1, until=100).payload] for origin in range(ORIGINS)]
    late = Press(99, 1, until=500)
    *_, after = seen(both, *table, [100, late.payload], [101, late.payload])
    assert [key for key, *_ in after.answers].count(late.key) == 1
    assert after.decided == ORIGINS + 2


def test_press_of_an_origin_that_left_the_table_is_forgotten(both: Both) -> None:
    first = Press(0, 1, until=100)
    table = [(1, Press(origin, 1, until=200)) for origin in range(1, ORIGINS)]
    assert outcomes(both, (1, first), *table, (101, Press(99, 1, until=300)), (102, first))[-1] == "forgotten"


def test_press_of_an_origin_that_left_and_came_back_is_forgotten(both: Both) -> None:
    first, again = Press(0, 1, until=100), Press(0, 3, until=400)
    table = [(1, Press(origin, 1, until=200)) for origin in range(1, ORIGINS)]
    steps = [(1, first), *table, (101, Press(99, 1, until=300)), (201, again), (202, first)]
    assert outcomes(both, *steps)[-2:] == ["applied", "forgotten"]
    between = (203, Press(0, 2, until=400))
    assert outcomes(both, *steps, between)[-1] == "superseded"


def test_late_press_that_nothing_forgotten_could_be_is_late(both: Both) -> None:
    first = Press(0, 1, until=100)
    table = [(1, Press(origin, 1, until=200)) for origin in range(1, ORIGINS)]
    steps = [(1, first), *table, (101, Press(99, 1, until=300)), (190, Press(98, 1, until=150))]
    assert outcomes(both, *steps)[-1] == "late"


def test_wish_for_another_version_is_refused_and_keeps_its_place_in_the_order(both: Both) -> None:
    wish = Press(A, 2, until=99, if_ver=(EPOCH, 7))
    assert outcomes(both, (1, wish), (2, Press(A, 1, until=99))) == ["precondition", "superseded"]


@pytest.mark.parametrize("if_ver", [(EPOCH, 0), (EPOCH, 1), (EPOCH + 1, 0)])
def test_wish_acts_only_on_just_its_version(both: Both, if_ver: tuple[int, int]) -> None:
    expected = "applied" if if_ver == (EPOCH, 0) else "precondition"
    assert outcomes(both, (1, Press(A, 1, until=99, if_ver=if_ver))) == [expected]


def test_key_in_a_bad_message_is_invalid_for_ever(both: Both) -> None:
    press = Press(A, 1, until=9_999)
    fill = [[n, Press(B, n, until=99).payload] for n in range(1, MEMORY + 1)]
    bad, *_, after = seen(both, [1, press.damaged], *fill, [10, press.payload])
    assert (bad.act, bad.outcome) == (REPORT, "invalid")
    assert (after.act, after.outcome) == (REPORT, "superseded")


def test_key_in_a_bad_message_that_has_acted_is_applied(both: Both) -> None:
    press = Press(A, 1, until=99)
    fill = [[n, Press(B, n, until=99).payload] for n in range(1, MEMORY + 1)]
    *_, after = seen(both, [1, press.payload], *fill, [10, press.damaged])
    assert after.outcome == "applied"


def test_key_in_a_bad_message_gets_the_answer_that_it_had(both: Both) -> None:
    press = Press(A, 1, until=99)
    first, _, again = seen(both, [1, press.payload], "button", [2, press.damaged])
    assert again.answers == first.answers
    assert again.seq == 2


def test_key_in_a_bad_message_has_no_answer_where_that_could_not_be_remembered(both: Both) -> None:
    table = [[1, Press(origin, 1, until=100).payload] for origin in range(ORIGINS)]
    *_, after = seen(both, *table, [50, Press(99, 1, until=0).damaged])
    assert (after.act, after.decided) == (NOTHING, ORIGINS)


def test_key_in_a_bad_message_is_forgotten_where_it_may_have_acted(both: Both) -> None:
    first = Press(0, 1, until=100)
    table = [[1, Press(origin, 1, until=200).payload] for origin in range(1, ORIGINS)]
    steps = [[1, first.payload], *table, [101, Press(99, 1, until=300).payload], [201, first.damaged]]
    assert seen(both, *steps)[-1].outcome == "forgotten"
    assert seen(both, *steps, [202, Press(0, 1, until=400).payload])[-1].outcome == "forgotten"


def test_message_without_key_acts_by_value_and_is_no_decision(both: Both) -> None:
    on, again = seen(both, [1, '{"state":"ON","brightness":9}'], [2, '{"state":"ON"}'])
    assert (on.act, on.is_on, on.brightness, on.seq) == (SHINE, True, 9, 1)
    assert (again.act, again.brightness, again.seq, again.decided) == (SHINE, 9, 1, 0)


def test_message_without_key_leaves_the_versions_of_answers_alone(both: Both) -> None:
    before, after = seen(both, [1, Press(A, 1, until=99).payload], [2, '{"state":"OFF"}'])
    assert after.seq == 2
    assert after.answers == before.answers


def test_message_without_key_that_is_bad_is_nothing(both: Both) -> None:
    assert [each.act for each in seen(both, [1, "{"], [1, '{"state":1}'], [1, "x" * 1025])] == [NOTHING] * 3
