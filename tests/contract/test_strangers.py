import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.contract.strangers import Strangers, origin_of


def test_oldest_of_all_goes_where_there_is_no_room() -> None:
    strangers = Strangers(most=2, most_of_one=2)
    assert strangers.come("a", "192.0.2.1") is None
    assert strangers.come("b", "192.0.2.2") is None
    assert strangers.come("c", "192.0.2.3") == "a"
    assert strangers.come("d", "192.0.2.4") == "b"


def test_oldest_of_an_address_goes_where_that_has_too_many() -> None:
    strangers = Strangers(most=9, most_of_one=1)
    assert strangers.come("victim", "192.0.2.1") is None
    assert strangers.come("a", "192.0.2.2") is None
    assert strangers.come("b", "192.0.2.2") == "a"


def test_who_has_signed_in_never_goes_for_a_stranger() -> None:
    strangers = Strangers(most=1, most_of_one=1)
    strangers.come("known", "192.0.2.1")
    strangers.leave("known")
    assert [strangers.come(n, "192.0.2.1") for n in range(4)] == [None, 0, 1, 2]


def test_proxy_on_this_machine_may_have_as_many_as_there_is_room_for() -> None:
    strangers = Strangers(most=3, most_of_one=1)
    assert [strangers.come(n, "127.0.0.1") for n in range(4)] == [None, None, None, 0]


def test_who_comes_again_is_the_youngest() -> None:
    strangers = Strangers(most=2, most_of_one=2)
    strangers.come("a", "192.0.2.1")
    strangers.come("b", "192.0.2.1")
    assert strangers.come("a", "192.0.2.1") is None
    assert strangers.come("c", "192.0.2.2") == "b"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("127.0.0.1", "::1", True),
        ("127.0.0.1", "::ffff:127.0.0.9", True),
        ("?", "127.0.0.1", True),
    ],
)
def test_who_shares_a_bound(one: str, other: str, same: bool) -> None:
    assert (origin_of(one) == origin_of(other)) is same


hosts = st.sampled_from(["127.0.0.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", None])


@given(st.lists(st.tuples(st.integers(0, 20), hosts | st.just("leave")), max_size=200))
def test_bounds_hold_whoever_comes_and_leaves(moves: list[tuple[int, str | None]]) -> None:
    strangers, inside = Strangers(most=5, most_of_one=2), dict[int, str]()
    for one, host in moves:
        if host == "leave":
            strangers.leave(one)
            inside.pop(one, None)
        else:
            gone = strangers.come(one, host)
            assert gone != one
            inside[one] = origin_of(host)
            if gone is not None:
                del inside[gone]  # type: ignore[arg-type]  # it speaks of any object, and these are numbers
        origins = [origin for origin in inside.values() if origin]
        assert len(strangers) == len(inside) <= 5
        assert all(origins.count(origin) <= 2 for origin in origins)
