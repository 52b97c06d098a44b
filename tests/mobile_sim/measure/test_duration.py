import pytest

from presslight.contract.errors import Invalid
from presslight.mobile_sim.measure.duration import format_duration, parse


@pytest.mark.parametrize(
    ("text", "ms"),
    [("2s", 2_000), ("1500ms", 1_500), ("0.5 s", 500), (" 1min ", 60_000), ("0.25ms", 0.25)],
)
def test_duration_is_read(text: str, ms: float) -> None:
    assert parse(text) == ms


@pytest.mark.parametrize("text", ["", "2", "s", "-1s", "0s", "2 hours", "2s3", "1e3ms", "nan s"])
def test_duration_that_is_none_is_invalid(text: str) -> None:
    with pytest.raises(Invalid, match="looks like 2s"):
        parse(text)


@pytest.mark.parametrize(
    ("ms", "text"),
    [(2_000, "2 s"), (1_500, "1.5 s"), (2_310, "2,310 ms"), (850.4, "850 ms"), (4.24, "4.2 ms"), (0.314, "0.31 ms")],
)
def test_duration_is_written_with_the_digits_that_matter(ms: float, text: str) -> None:
    assert format_duration(ms) == text
