"""HTTP answers: errors as `Problem` with the status and headers that belong to them; what OpenAPI says of all that."""

from typing import Any

from fastapi import Response
from pydantic.json_schema import models_json_schema

from cloud.errors import Refusal
from contract.errors import MEANINGS, ErrorCode
from contract.phone import PressBody, Problem, encode

_RETRY_AFTER_S = 1
_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": str(_RETRY_AFTER_S)},
    503: {"Retry-After": str(_RETRY_AFTER_S)},
}
_SCHEMAS = "#/components/schemas/{model}"

PRESS_BODY = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": _SCHEMAS.format(model="PressBody")}}},
}
"""The body of a press as OpenAPI has it. It is read as JSON (a version is a list there), not by FastAPI."""


def json_answer(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer a text that is JSON already."""
    return Response(text, status, {"Cache-Control": "no-store", **(headers or {})}, media_type="application/json")


def refusal_answer(refusal: Refusal) -> Response:
    """Answer a Refusal as a Problem."""
    status = MEANINGS[refusal.code].http_status
    problem = Problem(code=refusal.code, message=str(refusal), retry=refusal.retry)
    return json_answer(encode(problem), status, _HEADERS.get(status))


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
    """Add the schemas that PRESS_BODY refers to, and take out FastAPI's own error, which no route answers."""
    _, definitions = models_json_schema([(PressBody, "validation")], ref_template=_SCHEMAS)
    schemas: dict[str, Any] = openapi["components"]["schemas"]
    for name, schema in definitions["$defs"].items():
        schemas.setdefault(name, schema)
    for path in openapi["paths"].values():
        for operation in path.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    return openapi
