import json

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from presslight.cloud.errors import Refusal, StoreUnavailable
from presslight.cloud.http.responses import as_refusal, json_answer, problems, refusal_answer
from presslight.contract.errors import MEANINGS, ErrorCode
from presslight.contract.phone_codec import decode_bridge_frame


@pytest.mark.parametrize("code", ErrorCode)
def test_refusal_is_answered_as_a_problem_with_its_status(code: ErrorCode) -> None:
    answer = refusal_answer(Refusal(code, "a detail"))
    problem = json.loads(bytes(answer.body))
    decode_bridge_frame(bytes(answer.body))
    assert answer.status_code == MEANINGS[code].http_status
    assert (problem["code"], problem["retry"]) == (code, MEANINGS[code].retry)
    assert "a detail" in problem["message"]
    assert answer.headers["Content-Type"] == "application/json"
    assert ("Retry-After" in answer.headers) == (answer.status_code in {429, 503})
    assert ("WWW-Authenticate" in answer.headers) == (answer.status_code == 401)


def test_headers_of_the_framework_are_kept() -> None:
    answer = refusal_answer(Refusal(ErrorCode.METHOD_NOT_ALLOWED), {"Allow": "GET"})
    assert answer.headers["Allow"] == "GET"


def test_answers_are_never_kept_by_anybody_between() -> None:
    assert json_answer("{}").headers["Cache-Control"] == "no-store"
    assert refusal_answer(StoreUnavailable("locked")).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreUnavailable(), ErrorCode.STORE_UNAVAILABLE),
        (HTTPException(404), ErrorCode.NOT_FOUND),
        (HTTPException(405), ErrorCode.METHOD_NOT_ALLOWED),
        (HTTPException(400), ErrorCode.MALFORMED),
        (RequestValidationError([]), ErrorCode.INVALID),
    ],
)
def test_what_the_framework_refuses_has_a_code_of_ours(
    error: Refusal | HTTPException | RequestValidationError, code: ErrorCode
) -> None:
    assert as_refusal(error).code is code


def test_codes_of_one_status_are_described_together() -> None:
    described = problems(ErrorCode.UNKNOWN_LIGHT, ErrorCode.UNKNOWN_PRESS, ErrorCode.RATE_LIMITED)
    assert set(described) == {404, 429}
    assert all(f"`{code}`" in described[404]["description"] for code in ("unknown_light", "unknown_press"))
    assert described[429]["headers"]["Retry-After"]["required"]
