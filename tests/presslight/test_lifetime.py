import pytest

from presslight.contract.errors import Invalid
from presslight.lifetime import lifetime_s


@pytest.mark.parametrize(("text", "seconds"), [("1m", 60), ("12h", 43_200), ("30d", 2_592_000), ("8w", 4_838_400)])
def test_lifetime_is_read(text: str, seconds: int) -> None:
    assert lifetime_s(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "0d", "-1d", "1.5d", "30 d", "30D", "٣d", "3661d", "999999999w", "1y"])
def test_what_is_no_lifetime_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="30d"):
        lifetime_s(text)
