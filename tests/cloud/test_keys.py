import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from cloud.errors import Refusal
from cloud.keys import press_key
from contract.errors import ErrorCode
from contract.words import Key

KEY: TypeAdapter[str] = TypeAdapter(Key)


def test_key_is_taken_as_it_is() -> None:
    assert press_key("0123456789abcdef-7", "ann") == "0123456789abcdef-7"


def test_any_text_stands_for_one_key_of_its_phone() -> None:
    text = "8e03978e-40d5-43e8-bc93-6894a57f9324"
    assert press_key(text, "ann") == press_key(f" {text} ", "ann")
    assert press_key(text, "ann") != press_key(text, "bob")
    assert press_key(text, "ann") != press_key(text[:-1] + "5", "ann")
    assert press_key(text, "ann").endswith("-1")


@pytest.mark.parametrize(
    "header", [None, "", "short", "x" * 129, "tab\there-and-there", "caf\u00e9-caf\u00e9", "        "]
)
def test_unusable_header_is_refused(header: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        press_key(header, "ann")
    assert refused.value.code is ErrorCode.KEY_MISSING


@pytest.mark.parametrize("almost", ["0123456789abcdef-0", "0123456789abcdef-1073741824", "0123456789ABCDEF-1"])
def test_text_that_is_almost_a_key_stands_for_another(almost: str) -> None:
    assert press_key(almost, "ann") != almost


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=128))
def test_every_printable_text_gives_a_valid_key(text: str) -> None:
    assert KEY.validate_python(press_key(text, "ann"))
