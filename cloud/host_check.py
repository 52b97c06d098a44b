"""What a request meets first: whether it is for this bridge, and whether the page that makes it may."""

from typing import Protocol

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from cloud.allowed_hosts import AllowedHosts
from cloud.answers import refusal_answer
from cloud.errors import Refusal
from contract.errors import ErrorCode


class Counts(Protocol):
    """Who counts and logs it."""

    def misdirected(self, code: ErrorCode, name: str) -> None:
        """A request was refused for the name that it came by, or the page that made it."""


class HostCheck:
    """Lets requests through to `app` that `hosts` takes, over HTTP and WebSocket."""

    def __init__(self, app: ASGIApp, hosts: AllowedHosts, counts: Counts) -> None:
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
        """What is wrong with it, and the name that is; None where nothing is. Without a Host no browser has sent it."""
        hosts = asked.headers.getlist("host")
        for host in hosts:
            if not self._hosts.takes(host):
                return ErrorCode.WRONG_HOST, host
        forwarded = asked.headers.get("x-forwarded-host", "").split(",")
        for origin in asked.headers.getlist("origin"):
            if not self._hosts.takes_page(origin, [*hosts, *forwarded]):
                return ErrorCode.WRONG_ORIGIN, origin
        return None
