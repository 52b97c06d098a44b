"""The ASGI application: HTTP routes, the phones' WebSocket and the page, around one bridge."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from presslight.cloud.bridge import Bridge, no_preparation
from presslight.cloud.errors import Refusal
from presslight.cloud.http.allowed_hosts import AllowedHosts, names_of_machine
from presslight.cloud.http.host_check import HostCheck
from presslight.cloud.http.pages import Pages
from presslight.cloud.http.responses import as_refusal, completed, refusal_answer
from presslight.cloud.http.routes import add_routes
from presslight.cloud.settings import Settings
from presslight.cloud.websocket.endpoint import PhoneSockets
from presslight.contract.errors import ErrorCode

_ABOUT = "Presses that act at most once, and whose last word is true. docs/protocol.md says what the words mean."
_NOT_FASTAPIS_OWN: dict[str, Any] = {"docs_url": None, "redoc_url": None, "openapi_url": None}
_LONGEST_LOGGED = 64


class _App(FastAPI):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer HEAD as GET: the server leaves the body out (RFC 9110, 9.3.2)."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await super().__call__({**scope, "method": "GET"} if is_head else scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, with the bodies that FastAPI does not parse."""
        if self.openapi_schema is None:
            described = get_openapi(
                title=self.title, version=self.version, description=self.description, routes=self.routes
            )
            self.openapi_schema = completed(described)
        return self.openapi_schema


def create_app(settings: Settings, before_forgetting: Callable[[], Awaitable[bool]] = no_preparation) -> FastAPI:
    """Make the application. Its lifespan runs the bridge, which is `app.state.bridge`."""
    bridge = Bridge(settings, before_forgetting=before_forgetting)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with bridge.running():
            yield

    app = _App(title="presslight", version="1", description=_ABOUT, lifespan=lifespan, **_NOT_FASTAPIS_OWN)
    app.state.bridge = bridge
    add_routes(app.router, bridge)  # not include_router: it copies the routes at the first request
    app.router.routes.append(WebSocketRoute("/ws", PhoneSockets(bridge, bridge.now)))
    app.router.default = Pages()  # not a mount: that would hide 405 for known paths
    hosts = AllowedHosts([*names_of_machine(socket.gethostname()), *settings.allowed_hosts])
    app.add_middleware(HostCheck, hosts=hosts, counts=bridge.counts)
    for error in (Refusal, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(error, _refuser(bridge))
    return app


def _refuser(bridge: Bridge) -> Any:
    async def refuse(request: Request, error: Exception) -> Response:
        if isinstance(error, Refusal | HTTPException | RequestValidationError):
            refusal = as_refusal(error)
        else:
            bridge.counts.on_defect(request.url.path, error)
            refusal = Refusal(ErrorCode.INTERNAL)
        key = request.headers.get("idempotency-key", "")[:_LONGEST_LOGGED]
        bridge.counts.on_error_sent(refusal.code, getattr(request.state, "phone", None), key, str(refusal))
        return refusal_answer(refusal, _with_head(getattr(error, "headers", None) or {}))

    return refuse


def _with_head(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Add HEAD to `Allow` where GET is allowed."""
    allowed = headers.get("Allow")
    return {**headers, "Allow": "GET, HEAD"} if allowed == "GET" else headers
