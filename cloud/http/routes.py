"""The bridge over HTTP: the same presses as over the WebSocket, the lights, and what operators ask for."""

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, SecretStr
from starlette.requests import ClientDisconnect

from presslight.cloud.authentication import CONNECTION, Connection
from presslight.cloud.bridge import Bridge
from presslight.cloud.core.principal import Principal
from presslight.cloud.core.record import Ask
from presslight.cloud.errors import Refusal
from presslight.cloud.http.allowed_hosts import is_loopback, name_in
from presslight.cloud.http.idempotency_key import key_or_text
from presslight.cloud.http.responses import KEY_HEADER, OF_ALL, PRESS_BODY, header, json_answer, problems
from presslight.contract.errors import ContractError, ErrorCode
from presslight.contract.phone import MAX_FRAME_BYTES, Lights, PressBody, PressOutcome, Wish
from presslight.contract.phone_codec import decode_press_body, encode
from presslight.contract.words import is_key, is_light_id

LONGEST_WAIT_S = 10

_WAIT = re.compile(r'(?:^|[,;\s])wait="?([0-9]{1,6})"?(?:$|[,;\s])')
_BEARER = HTTPBearer(auto_error=False, description="The phone's token.")
_METRICS_BEARER = HTTPBearer(auto_error=False, scheme_name="Metrics", description="Of `up --metrics-token-file`.")
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""Headers by which a proxy tells that it asks for another."""

_ALWAYS = (ErrorCode.UNAUTHENTICATED, ErrorCode.STORE_UNAVAILABLE, ErrorCode.RATE_LIMITED)
_OF_PRESSES = (
    ErrorCode.KEY_MISSING, ErrorCode.MALFORMED, ErrorCode.FORBIDDEN, ErrorCode.UNKNOWN_LIGHT, ErrorCode.KEY_REUSED,
    ErrorCode.TOO_LARGE, ErrorCode.INVALID, ErrorCode.OVERLOADED,
)  # fmt: skip
_WAITED = {"Preference-Applied": header("`wait=S`, if the answer waited as asked for.", required=False)}


class Health(BaseModel):
    """The process is up."""

    status: Literal["ok"] = "ok"


Missing: TypeAlias = Literal["broker_away", "store_unavailable"]


class Readiness(BaseModel):
    """Whether presses reach lights. `reason`: why they do not."""

    ready: bool
    reason: Missing | None = None


class Waiter:
    """Listener of one press, for one request."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.settled = asyncio.Event()
        self.refusal: Refusal | None = None
        self.outcome: PressOutcome | None = None
        self.text = ""

    def on_outcome(self, outcome: PressOutcome, text: str) -> None:
        """A status of the press."""
        self.outcome, self.text = outcome, text
        self.told.set()
        if outcome.final:
            self.settled.set()

    def on_refusal(self, _key: str, refusal: Refusal) -> None:
        """The press could not be stored."""
        self.refusal = refusal
        self.told.set()


def add_routes(router: APIRouter, bridge: Bridge) -> None:
    """Add every route but the page and the WebSocket."""
    _add_presses(router, bridge)
    _add_lights(router, bridge)
    _add_no_websocket(router, bridge)
    _add_operation(router, bridge)


def _add_presses(router: APIRouter, bridge: Bridge) -> None:
    signed_in = _signed_in(bridge)

    @router.post(
        "/api/lights/{light}/presses",
        response_model=PressOutcome,
        responses={
            200: {"description": "The last word.", "headers": _WAITED},
            202: {
                "model": PressOutcome,
                "description": "A status, not the last.",
                "headers": {"Location": header("Where the press's status can be asked for."), **_WAITED},
            },
            **problems(*_ALWAYS, *_OF_PRESSES),
        },
        openapi_extra={"requestBody": PRESS_BODY, "parameters": [KEY_HEADER]},
    )
    async def press(
        light: Annotated[str, Path(description="The light's name.")],
        request: Request,
        principal: Annotated[Principal, Depends(signed_in)],
        prefer: Annotated[
            str | None, Header(description="`wait=S`: answer with the last word if it comes within S seconds.")
        ] = None,
    ) -> Response:
        """Press: once, however often this is sent with the same key and body."""
        now = bridge.now()
        if not bridge.is_within_press_rate(principal, now):
            raise Refusal(ErrorCode.RATE_LIMITED)
        key, text = key_or_text(request.headers.get("idempotency-key"), principal.name)
        body = await _body(request)
        wish = Wish(**body.attributes())
        ask = Ask(key, _light(light), principal, wish, body.if_ver, body.not_after, body.patience_ms, text=text)
        return await _answer_press(bridge, ask, now, _wait_s(prefer))

    @router.get(
        "/api/presses/{key}",
        response_model=PressOutcome,
        responses=problems(*_ALWAYS, ErrorCode.UNKNOWN_PRESS),
    )
    async def press_status(key: str, principal: Annotated[Principal, Depends(signed_in)]) -> Response:
        """Ask for the present word on a press of this phone, by the `key` that its answer carried."""
        if not is_key(key):
            raise Refusal(ErrorCode.UNKNOWN_PRESS)
        text = encode(bridge.presses.status_of(key, principal))
        await _on_disk(bridge)
        return json_answer(text)


def _add_lights(router: APIRouter, bridge: Bridge) -> None:
    @router.get("/api/lights", response_model=Lights, responses=problems(*_ALWAYS))
    async def lights(principal: Annotated[Principal, Depends(_signed_in(bridge))]) -> Response:
        """List the lights as they are."""
        views = tuple(view for view in bridge.presses.lights.news_for({}, bridge.now()) if principal.may_see(view.id))
        return json_answer(encode(Lights(broker=bridge.presses.broker, lights=views)))


def _add_no_websocket(router: APIRouter, bridge: Bridge) -> None:
    @router.api_route("/ws", methods=["GET", "HEAD"], include_in_schema=False)
    async def no_websocket(request: Request) -> Response:
        """Refuse a request that does not ask for a WebSocket, or no longer does when it arrives."""
        bridge.on_no_upgrade(request.client.host if request.client else None)
        raise Refusal(ErrorCode.UPGRADE_REQUIRED)


def _add_operation(router: APIRouter, bridge: Bridge) -> None:
    @router.get("/healthz", response_model=Health)
    async def healthz() -> Response:
        """Whether the process is up."""
        return json_answer(Health().model_dump_json())

    @router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
    async def readyz() -> Response:
        """Whether the broker is there and delivers, and the store takes what is written to it."""
        away: Missing | None = None if bridge.presses.broker else "broker_away"
        reason = away if bridge.counts.store_is_good else "store_unavailable"
        ready = Readiness(ready=reason is None, reason=reason)
        return json_answer(ready.model_dump_json(exclude_none=True), 200 if ready.ready else 503)

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, **problems(ErrorCode.UNAUTHENTICATED)},
    )
    async def metrics(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_METRICS_BEARER)]
    ) -> Response:
        """Give all figures, for Prometheus."""
        if not _may_measure(bridge.settings.metrics_token, request, credentials):
            raise _stranger(bridge, request)
        return Response(bridge.metrics.text(), headers=OF_ALL, media_type=CONTENT_TYPE_LATEST)

    @router.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        """Describe all this."""
        return json_answer(json.dumps(request.app.openapi()))


def _signed_in(bridge: Bridge) -> Callable[..., Awaitable[Principal]]:
    async def signed_in(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> Principal:
        principal = bridge.principal_of(credentials.credentials) if credentials else None
        if credentials is None or principal is None:
            raise _stranger(bridge, request)
        request.state.phone = principal.name
        allowance = bridge.allowance_of(credentials.credentials, bridge.now())
        if not allowance.takes_request(bridge.now()):
            raise Refusal(ErrorCode.RATE_LIMITED)
        connection: Connection | None = request.scope.get(CONNECTION)
        if connection is not None:
            connection.sign_in(allowance)
        return principal

    return signed_in


def _stranger(bridge: Bridge, request: Request) -> Refusal:
    bridge.counts.sign_in_failed(request.client.host if request.client else None)
    return Refusal(ErrorCode.UNAUTHENTICATED)


def _may_measure(token: SecretStr | None, request: Request, credentials: HTTPAuthorizationCredentials | None) -> bool:
    """Whether who asks knows the token of the metrics or, where there is none, asks on this machine and for itself."""
    if token is not None:
        given = credentials.credentials if credentials else ""
        return hmac.compare_digest(given.encode(), token.get_secret_value().encode())
    is_forwarded = any(name in request.headers for name in _FORWARDED)
    names = (request.client.host if request.client else None, name_in(request.headers.get("host", "localhost")))
    return not is_forwarded and all(map(is_loopback, names))


async def _answer_press(bridge: Bridge, ask: Ask, now: int, wait_s: int | None) -> Response:
    waiter = Waiter()
    bridge.presses.ask(ask, waiter, now)
    if not waiter.told.is_set():
        await _first(waiter.told, bridge.ending, None)
    if waiter.refusal is not None:
        raise waiter.refusal
    if wait_s is not None:
        await _first(waiter.settled, bridge.ending, wait_s)
    headers = {} if wait_s is None else {"Preference-Applied": f"wait={wait_s}"}
    if waiter.outcome is None:
        raise Refusal(ErrorCode.SHUTTING_DOWN)
    key = waiter.outcome.key
    bridge.presses.remove_listener(key, waiter)
    if waiter.outcome.final:
        return json_answer(waiter.text, 200, headers)
    return json_answer(waiter.text, 202, {"Location": f"/api/presses/{key}", **headers})


async def _on_disk(bridge: Bridge) -> None:
    """Wait until what was read survives a power cut: another bridge may have stored it just now. Raises Refusal."""
    synced: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()
    bridge.store.sync(lambda _now, error: None if synced.done() else synced.set_result(error))
    error = await synced
    if error is not None:
        raise error


async def _first(one: asyncio.Event, other: asyncio.Event, limit_s: float | None) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (one, other)]
    try:
        await asyncio.wait(waits, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _body(request: Request) -> PressBody:
    """Read the body. Raises Refusal."""
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > MAX_FRAME_BYTES:
                break
        return decode_press_body(bytes(raw))
    except ContractError as error:
        raise Refusal(error.code, str(error)) from None
    except ClientDisconnect:
        raise Refusal(ErrorCode.MALFORMED, "the body did not arrive whole") from None


def _light(name: str) -> str:
    if not is_light_id(name):
        raise Refusal(ErrorCode.UNKNOWN_LIGHT)
    return name


def _wait_s(prefer: str | None) -> int | None:
    """The `wait` preference of RFC 7240 in seconds, cut to what the bridge grants."""
    asked = _WAIT.search(prefer or "")
    return min(int(asked[1]), LONGEST_WAIT_S) if asked else None
