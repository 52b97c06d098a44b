"""The response to bytes that never became a request, or that are refused before the application sees them."""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from presslight.cloud.errors import Refusal
from presslight.cloud.http.responses import refusal_answer


def final_response(refusal: Refusal) -> bytes:
    """Serialize a refusal as an HTTP/1.1 response with `Connection: close` (RFC 9112, 9.6)."""
    answer = refusal_answer(refusal)
    headers = [*answer.raw_headers, (b"connection", b"close")]
    lines = [STATUS_LINE[answer.status_code], *(name + b": " + value + b"\r\n" for name, value in headers)]
    return b"".join([*lines, b"\r\n", bytes(answer.body)])
