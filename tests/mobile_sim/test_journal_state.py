import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.contract.phone import Press, Wish
from presslight.contract.words import Moment
from presslight.mobile_sim import journal_state
from presslight.mobile_sim.journal_state import Done, Head, Kept, NotAJournal

ORIGIN = "0123456789abcdef"


def kept(n: int, up: int = 5_000) -> Kept:
    press = Press(
        type="press",
        key=f"{ORIGIN}-{n}",
        light="kitchen",
        set=Wish(state="ON"),
        not_after=Moment(boot="0badcafe", up=up),
    )
    return Kept(press=press, lead_ms=2_000, unix_ms=1_700_000_000_000)


HEAD = journal_state.line(Head(origin=ORIGIN, upto=100))
JOURNAL = (
    HEAD
    + journal_state.line(kept(1))
    + journal_state.line(kept(2, up=6_000))
    + journal_state.line(Done(done=f"{ORIGIN}-1"))
)


def test_journal_holds_what_is_open_and_the_newest_deadline() -> None:
    found = journal_state.read(JOURNAL)
    assert (found.origin, found.upto, found.unreadable) == (ORIGIN, 100, 0)
    assert list(found.open) == [f"{ORIGIN}-2"]
    assert found.latest == {"kitchen": Moment(boot="0badcafe", up=6_000)}


def test_journal_written_anew_holds_the_same_in_less() -> None:
    found = journal_state.read(JOURNAL)
    again = journal_state.read(journal_state.rewrite_journal(found))
    assert again == found
    assert len(journal_state.rewrite_journal(found)) < len(JOURNAL)


@given(cut=st.integers(0, len(JOURNAL)))
def test_torn_tail_costs_only_the_torn_line(cut: int) -> None:
    if cut < len(HEAD):
        with pytest.raises(NotAJournal):
            journal_state.read(JOURNAL[:cut])
        return
    found = journal_state.read(JOURNAL[:cut])
    assert found.unreadable == 0
    assert found.upto == 100


@given(st.binary(max_size=200))
def test_any_bytes_after_the_head_are_read_without_an_error(noise: bytes) -> None:
    assert journal_state.read(HEAD + noise).origin == ORIGIN


@given(st.binary(max_size=200))
def test_any_bytes_alone_are_no_journal(noise: bytes) -> None:
    with pytest.raises(NotAJournal):
        journal_state.read(noise)


def test_damaged_line_is_counted() -> None:
    assert journal_state.read(HEAD + b'{"press": nonsense}\n' + journal_state.line(kept(1))).unreadable == 1
