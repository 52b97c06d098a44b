"""What is written to a connection that is refused before it was a request."""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from presslight.cloud.errors import Refusal
from presslight.cloud.http.responses import refusal_answer


def goodbye(refusal: Refusal) -> bytes:
    """An answer over HTTP, after which the connection ends."""
    answer = refusal_answer(refusal)
    headers = [*answer.raw_headers, (b"connection", b"close")]
    lines = [STATUS_LINE[answer.status_code], *(name + b": " + value + b"\r\n" for name, value in headers)]
    return b"".join([*lines, b"\r\n", bytes(answer.body)])
