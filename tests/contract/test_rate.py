from hypothesis import given
from hypothesis import strategies as st

from presslight.contract.rate import Bucket, Rates, cost_of
from tests.cloud.ports import S


def taken(bucket: Bucket, now: int, tries: int) -> int:
    return sum(bucket.take_tokens(now) for _ in range(tries))


def test_burst_is_granted_at_once_and_no_more() -> None:
    assert taken(Bucket(50, 100, 0), 0, 10_000) == 100


def test_rate_is_granted_after_the_burst() -> None:
    bucket = Bucket(50, 100, 0)
    taken(bucket, 0, 100)
    assert taken(bucket, S, 10_000) == 50


def test_bucket_holds_no_more_than_its_burst() -> None:
    assert taken(Bucket(50, 100, 0), 3_600 * S, 10_000) == 100


def test_clock_that_goes_back_grants_nothing() -> None:
    bucket = Bucket(50, 1, S)
    assert bucket.take_tokens(S)
    assert not bucket.take_tokens(0)


@given(st.lists(st.integers(0, S), max_size=200))
def test_no_sequence_gets_more_than_burst_and_rate(pauses: list[int]) -> None:
    bucket, now, granted = Bucket(50, 10, 0), 0, 0
    for pause in pauses:
        now += pause
        granted += bucket.take_tokens(now)
    assert granted <= 10 + now * 50 / S + 1e-6


def test_what_costs_more_than_there_is_takes_nothing() -> None:
    bucket = Bucket(50, 100, 0)
    assert bucket.take_tokens(0, 60)
    assert not bucket.take_tokens(0, 60)
    assert bucket.take_tokens(0, 40)


def test_each_name_has_its_own_and_the_first_of_too_many_is_forgotten() -> None:
    rates = Rates(1, 1, most=2)
    assert [rates.of(name, 0).take_tokens(0) for name in "aabbcc"] == [True, False] * 3
    assert rates.of("a", 0).take_tokens(0)
    assert not rates.of("c", 0).take_tokens(0)


def test_frame_costs_one_for_each_kib() -> None:
    assert [cost_of(size) for size in (0, 1, 1_024, 1_025, 16_384)] == [1, 1, 1, 2, 16]
