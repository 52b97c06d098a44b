import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.errors import Refusal
from presslight.cloud.http.idempotency_key import key_or_text
from presslight.contract.errors import ErrorCode


def test_key_is_taken_as_it_is() -> None:
    assert key_or_text("0123456789abcdef-7", "ann") == ("0123456789abcdef-7", None)


def test_any_text_stands_for_one_press_of_its_phone() -> None:
    text = "8e03978e-40d5-43e8-bc93-6894a57f9324"
    assert key_or_text(text, "ann") == key_or_text(f" {text} ", "ann")
    assert key_or_text(text, "ann") != key_or_text(text, "bob")
    assert key_or_text(text, "ann") != key_or_text(text[:-1] + "5", "ann")


@pytest.mark.parametrize(
    "header", [None, "", "short", "x" * 129, "tab\there-and-there", "caf\u00e9-caf\u00e9", "        "]
)
def test_unusable_header_is_refused(header: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        key_or_text(header, "ann")
    assert refused.value.code is ErrorCode.KEY_MISSING


@pytest.mark.parametrize("almost", ["0123456789abcdef-0", "0123456789abcdef-1073741824", "0123456789ABCDEF-1"])
def test_text_that_is_almost_a_key_is_a_text(almost: str) -> None:
    key, text = key_or_text(almost, "ann")
    assert (key, text is None) == ("", False)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=128))
def test_every_printable_text_is_a_key_or_a_text(text: str) -> None:
    key, digest = key_or_text(text, "ann")
    assert (key == "") == (digest is not None)
