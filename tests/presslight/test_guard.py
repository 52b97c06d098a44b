from pathlib import Path

import pytest

from presslight.contract.errors import Invalid
from presslight.guard import read_allowed_host, read_metrics_token


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Home.Example", "home.example"), ("pi", "pi"), ("*", "*"), ("::1", "::1"),
        ("M\u00fcnchen.example", "xn--mnchen-3ya.example"),
    ],
)  # fmt: skip
def test_name_is_read(text: str, name: str) -> None:
    assert read_allowed_host(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://home.example",
        "home.example:443",
        "home.example/",
        "*.example",
        "a b",
        "\n",
        "stra\u00dfe.example",
        "mu\u0308nchen.example",
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"home\.example \(xn--"):
        read_allowed_host(text)


def test_token_of_the_metrics_is_read(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("metrics-token-0123456789\n")
    assert read_metrics_token(tmp_path / "token") == "metrics-token-0123456789"


@pytest.mark.parametrize(
    "text", ["", "\n", "short", "with a space in it 0123456789", "line\nline 0123456789", "\u00e4" * 20]
)
def test_token_that_cannot_be_is_refused_unsaid(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(Invalid, match="token is 16") as refused:
        read_metrics_token(tmp_path / "token")
    assert not text.strip() or text.strip() not in str(refused.value)
