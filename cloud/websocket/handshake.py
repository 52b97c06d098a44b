"""The first frame of a phone: whom we let in, and what they are told. Pure: `now` is ns on a monotonic clock."""

from presslight.cloud.core.principal import Principal
from presslight.cloud.errors import Refusal
from presslight.cloud.websocket.ports import Board
from presslight.contract.errors import ErrorCode
from presslight.contract.phone import Clock, Have, Hello, Limits, View, Welcome
from presslight.contract.words import WIRE_VERSION


def principal_of(frame: Hello, board: Board, client: str | None) -> Principal:
    """The phone that says hello, from this address. Raises Refusal."""
    if WIRE_VERSION not in frame.versions:
        raise Refusal(ErrorCode.UNSUPPORTED_VERSION)
    principal = board.principal_of(frame.token)
    if principal is None:
        board.counts.sign_in_failed(client)
        raise Refusal(ErrorCode.UNAUTHENTICATED)
    return principal


def welcome(hello: Hello, principal: Principal, board: Board, now: int) -> Welcome:
    """What a phone is told that we let in."""
    settings = board.settings
    have = {light: shown for light, shown in hello.have.items() if principal.may_see(light)}
    board.desk.hear_claims(have, now)
    news, clocks = _lights(principal, board, have, now)
    return Welcome(
        bridge=settings.name,
        phone=principal.name,
        ping_ms=settings.ping_ms,
        limits=Limits(presses_per_s=int(settings.press_rate), burst=settings.press_burst),
        broker=board.desk.broker,
        lights=news,
        clocks=clocks,
        gone=board.desk.house.gone_for(have),
    )


def _lights(
    principal: Principal, board: Board, have: dict[str, Have], now: int
) -> tuple[tuple[View, ...], tuple[Clock, ...]]:
    """The lights that are news to the phone, and the clocks of the others."""
    house = board.desk.house
    news = tuple(view for view in house.news_for(have, now) if principal.may_see(view.id))
    told = {view.id for view in news}
    others = (name for name in house.lights if name not in told and principal.may_see(name))
    return news, tuple(house.lights[name].clock(name, now) for name in others)
