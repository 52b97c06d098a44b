import pytest

from presslight.cloud.core.drops import NONE, by_cause, news
from presslight.contract.mqtt import Dropped


@pytest.mark.parametrize(
    ("before", "now", "is_news"),
    [
        (0, 0, False),
        (0, 1, True),
        (1, 2, False),
        (1, 9, False),
        (9, 10, True),
        (2, 100, True),
        (10, 99, False),
        (5, 0, False),
    ],
)
def test_count_is_news_at_1_10_100(before: int, now: int, is_news: bool) -> None:
    assert news(Dropped(invalid=before), Dropped(invalid=now)) == ((("invalid", now),) if is_news else ())


def test_every_cause_is_told_for_itself() -> None:
    dropped = Dropped(retained=1, malformed=2, invalid=3, too_large=4)
    assert news(NONE, dropped) == (("retained", 1), ("malformed", 2), ("invalid", 3), ("too_large", 4))
    assert dict(by_cause(dropped)) == {"retained": 1, "malformed": 2, "invalid": 3, "too_large": 4}
