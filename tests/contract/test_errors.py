from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from presslight.contract.errors import (
    MEANINGS,
    CloseCode,
    ContractError,
    ErrorCode,
    Invalid,
    Malformed,
    PresslightError,
    TooLarge,
    UnknownType,
    refusal,
    sentence,
)


def complaint(shape: Any, text: str) -> ContractError:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(shape).validate_json(text)
    return refusal(caught.value)


def test_error_code_has_a_meaning_each() -> None:
    assert set(MEANINGS) == set(ErrorCode)


@pytest.mark.parametrize("code", ErrorCode)
def test_meaning_is_one_sentence_for_people(code: ErrorCode) -> None:
    message = MEANINGS[code].message
    assert message[0].isupper()
    assert message.endswith(".")


@pytest.mark.parametrize("code", ErrorCode)
def test_meaning_says_retry_exactly_where_the_http_status_does(code: ErrorCode) -> None:
    assert MEANINGS[code].retry == (MEANINGS[code].http_status in {408, 429, 500, 503})


def test_file_in_the_place_of_a_folder_is_called_so(tmp_path: Path) -> None:
    (place := tmp_path / "house").write_text("")
    with pytest.raises(FileExistsError) as error:
        place.mkdir(exist_ok=True)
    assert sentence(error.value) == f"{place} is there already, and is no folder"


@pytest.mark.parametrize("code", CloseCode)
def test_close_code_says_by_its_number_whether_to_reconnect(code: CloseCode) -> None:
    of_rfc_6455 = {CloseCode.INTERNAL, CloseCode.RESTART}
    assert code in of_rfc_6455 or code // 100 in {40, 41}
    assert code.reconnect == (code in of_rfc_6455 or code // 100 == 40)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TooLarge, ErrorCode.TOO_LARGE),
        (Malformed, ErrorCode.MALFORMED),
        (UnknownType, ErrorCode.UNKNOWN_TYPE),
        (Invalid, ErrorCode.INVALID),
    ],
)
def test_contract_error_carries_its_code(error: type[ContractError], code: ErrorCode) -> None:
    assert error.code is code
    assert issubclass(error, PresslightError)
    assert issubclass(error, ValueError)


def test_contract_error_kinds_are_all_listed_here() -> None:
    assert set(ContractError.__subclasses__()) == {TooLarge, Malformed, UnknownType, Invalid}


def test_refusal_of_text_that_is_not_json_is_malformed() -> None:
    assert isinstance(complaint(int, "{"), Malformed)


def test_refusal_says_where_and_what() -> None:
    error = complaint(dict[str, list[int]], '{"a":[1,"x"]}')
    assert isinstance(error, Invalid)
    assert str(error).startswith("a.1: ")


def test_refusal_without_a_place_says_what() -> None:
    assert str(complaint(bool, '"maybe"')).startswith("Input should be")


def test_refusal_repeats_little_of_a_long_input() -> None:
    assert len(str(complaint(dict[str, int], '{"%s":"x"}' % ("k" * 10_000)))) < 300
