"""What was refused is counted, and told without letting anybody fill the log."""

import pytest

from presslight.broker.refusals import MAX_SHOWN, RefusalKind, Refusals


def test_refusals_are_counted_by_user_and_kind() -> None:
    refusals = Refusals()
    for user in ("kitchen", "kitchen", "hall"):
        refusals.record(user, RefusalKind.PUBLISH, "a/topic")
    refusals.record("hall", RefusalKind.PACKET)
    assert refusals.counts == {
        ("kitchen", RefusalKind.PUBLISH): 2,
        ("hall", RefusalKind.PUBLISH): 1,
        ("hall", RefusalKind.PACKET): 1,
    }


def test_log_tells_the_first_and_then_ten_times_as_many(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals()
    for _ in range(1_234):
        refusals.record("kitchen", RefusalKind.PUBLISH, "a/topic")
    assert [record.getMessage() for record in caplog.records] == [
        f"refused publish to kitchen: 'a/topic' ({times} times so far)" for times in (1, 10, 100, 1_000)
    ]


def test_log_shows_hostile_topics_short_and_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    Refusals().record("kitchen", RefusalKind.PUBLISH, "a\nrefused publish to hall\x1b[2J" + "x" * 10_000)
    (shown,) = [record.getMessage() for record in caplog.records]
    assert shown.isprintable()
    assert len(shown) < 2 * MAX_SHOWN + 60
