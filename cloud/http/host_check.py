"""The first check of a request: is it for this bridge (Host), and may the page that makes it do so (Origin)."""

from typing import Protocol

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from presslight.cloud.errors import Refusal
from presslight.cloud.http.allowed_hosts import AllowedHosts
from presslight.cloud.http.responses import refusal_answer
from presslight.contract.errors import ErrorCode

MOST_PROXIES = 8
"""So many names of X-Forwarded-Host are read, each proxy's one: a stranger may write thousands."""


class MisdirectedCounter(Protocol):
    """Counts and logs requests for other hosts, or of other origins."""

    def misdirected(self, code: ErrorCode, name: str) -> None:
        """A request was refused for the name that it came by, or the page that made it."""


class HostCheck:
    """Lets requests through to `app` that `hosts` takes, over HTTP and WebSocket."""

    def __init__(self, app: ASGIApp, hosts: AllowedHosts, counts: MisdirectedCounter) -> None:
        self._app = app
        self._hosts = hosts
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on, or answer it."""
        refused = self._judge(HTTPConnection(scope)) if scope["type"] in ("http", "websocket") else None
        if refused is None:
            return await self._app(scope, receive, send)
        code, name = refused
        self._counts.misdirected(code, name)
        answer = refusal_answer(Refusal(code))
        if scope["type"] == "websocket":
            return await WebSocket(scope, receive, send).send_denial_response(answer)
        return await answer(scope, receive, send)

    def _judge(self, asked: HTTPConnection) -> tuple[ErrorCode, str] | None:
        """Its error and the name that is wrong; None where nothing is. Without a Host no browser has sent it."""
        hosts, origins = asked.headers.getlist("host"), asked.headers.getlist("origin")
        if len(hosts) > 1 or not all(map(self._hosts.takes, hosts)):
            return ErrorCode.WRONG_HOST, hosts[-1]
        forwarded = asked.headers.get("x-forwarded-host", "").split(",", MOST_PROXIES)[:MOST_PROXIES]
        if len(origins) > 1 or not all(self._hosts.takes_page(origin, [*hosts, *forwarded]) for origin in origins):
            return ErrorCode.WRONG_ORIGIN, origins[-1]
        return None
