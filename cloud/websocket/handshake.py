"""The first frame of a phone: whom we let in, and what they are told. Pure: `now` is ns on a monotonic clock."""

from presslight.cloud.core.principal import Principal
from presslight.cloud.errors import Refusal
from presslight.cloud.websocket.ports import SessionPorts
from presslight.contract.errors import ErrorCode
from presslight.contract.phone import Clock, Have, Hello, Limits, View, Welcome
from presslight.contract.words import WIRE_VERSION


def principal_of(frame: Hello, ports: SessionPorts, client: str | None) -> Principal:
    """The phone that says hello, from this address. Raises Refusal."""
    if WIRE_VERSION not in frame.versions:
        raise Refusal(ErrorCode.UNSUPPORTED_VERSION)
    principal = ports.principal_of(frame.token)
    if principal is None:
        ports.counts.sign_in_failed(client)
        raise Refusal(ErrorCode.UNAUTHENTICATED)
    return principal


def welcome(hello: Hello, principal: Principal, ports: SessionPorts, now: int) -> Welcome:
    """The welcome of a phone that has signed in."""
    settings = ports.settings
    have = {light: shown for light, shown in hello.have.items() if principal.may_see(light)}
    hidden = tuple(light for light in hello.have if light not in have)
    ports.presses.on_shown_versions(have, now)
    news, clocks = _lights(principal, ports, have, now)
    return Welcome(
        bridge=settings.name,
        phone=principal.name,
        ping_ms=settings.ping_ms,
        limits=Limits(presses_per_s=int(settings.press_rate), burst=settings.press_burst),
        broker=ports.presses.broker,
        lights=news,
        clocks=clocks,
        gone=(*ports.presses.lights.gone_for(have), *hidden),
    )


def _lights(
    principal: Principal, ports: SessionPorts, have: dict[str, Have], now: int
) -> tuple[tuple[View, ...], tuple[Clock, ...]]:
    """The lights that are news to the phone, and the clocks of the others."""
    lights = ports.presses.lights
    news = tuple(view for view in lights.news_for(have, now) if principal.may_see(view.id))
    told = {view.id for view in news}
    others = (name for name in lights.by_name if name not in told and principal.may_see(name))
    return news, tuple(lights.by_name[name].clock(name, now) for name in others)
