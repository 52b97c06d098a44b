"""HTTP answers: errors as `Problem` with the status and headers that belong to them; what OpenAPI says of all that."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response
from fastapi.exceptions import RequestValidationError
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from presslight.cloud.errors import Refusal
from presslight.contract.errors import MEANINGS, ErrorCode
from presslight.contract.phone import PressBody, Problem
from presslight.contract.phone_codec import encode

_RETRY_AFTER_S = 1
OF_ALL = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""The headers of every answer but the page's."""
_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    426: {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"},
    429: {"Retry-After": str(_RETRY_AFTER_S)},
    503: {"Retry-After": str(_RETRY_AFTER_S)},
}
_CODES = {404: ErrorCode.NOT_FOUND, 405: ErrorCode.METHOD_NOT_ALLOWED}
_SCHEMAS = "#/components/schemas/{model}"

_ANY_PROBLEM = {
    "description": "Anything else that is wrong: `not_found`, `method_not_allowed`, `request_timeout`, `internal`, …",
    "content": {"application/json": {"schema": {"$ref": _SCHEMAS.format(model="Problem")}}},
}
KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A key `origin-n`, or any 8 to 128 printable ASCII characters.",
    "schema": {"type": "string", "pattern": "^[!-~][ -~]{6,126}[!-~]$"},
}
"""The key as OpenAPI has it. Where it is missing the answer is ours, not FastAPI's."""

PRESS_BODY = {
    "required": True,
    "description": "Integers are written as such: 1, not 1.0.",
    "content": {"application/json": {"schema": {"$ref": _SCHEMAS.format(model="PressBody")}}},
}
"""The body of a press as OpenAPI has it. It is read as JSON (a version is a list there), not by FastAPI."""


def json_answer(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer a text that is JSON already."""
    return Response(text, status, {**OF_ALL, **(headers or {})}, media_type="application/json")


def refusal_answer(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """Answer a Refusal as a Problem, with these headers beside those of its status."""
    status = MEANINGS[refusal.code].http_status
    problem = Problem(code=refusal.code, message=str(refusal), retry=refusal.retry)
    return json_answer(encode(problem), status, {**_HEADERS.get(status, {}), **(headers or {})})


def as_refusal(error: Refusal | HTTPException | RequestValidationError) -> Refusal:
    """The framework's own errors, as `Problem`."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, RequestValidationError):
        return Refusal(ErrorCode.INVALID)
    return Refusal(_CODES.get(error.status_code, ErrorCode.MALFORMED))


def header(text: str, *, required: bool = True, kind: str = "string") -> dict[str, Any]:
    """Describe a header for OpenAPI."""
    return {"description": text, "required": required, "schema": {"type": kind}}


def problems(*codes: ErrorCode) -> dict[int | str, dict[str, Any]]:
    """Describe for OpenAPI the errors that a route may answer."""
    described: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        meaning = MEANINGS[code]
        entry = described.setdefault(
            meaning.http_status,
            {"model": Problem, "description": "", "headers": _problem_headers(meaning.http_status)},
        )
        entry["description"] = f"{entry['description']} `{code}`: {meaning.message}".strip()
    return described


def _problem_headers(status: int) -> dict[str, Any]:
    if status == 401:
        return {"WWW-Authenticate": header("How to sign in.")}
    return {"Retry-After": header("Seconds to wait.", kind="integer")} if status in _HEADERS else {}


def completed(openapi: dict[str, Any]) -> dict[str, Any]:
    """Add the schemas that PRESS_BODY refers to and what may go wrong anywhere; take out FastAPI's own error."""
    _, definitions = models_json_schema([(PressBody, "validation")], ref_template=_SCHEMAS)
    schemas: dict[str, Any] = openapi["components"]["schemas"]
    for name, schema in definitions["$defs"].items():
        schemas.setdefault(name, schema)
    for path in openapi["paths"].values():
        for operation in path.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
            operation["responses"]["default"] = _ANY_PROBLEM
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    return openapi
