"""The first frame of a phone: whom we let in, and what they are told. Pure: `now` is ns on a monotonic clock."""

from presslight.cloud.errors import Refusal
from presslight.cloud.websocket.ports import Board
from presslight.contract.errors import ErrorCode
from presslight.contract.phone import Clock, Have, Hello, Limits, View, Welcome
from presslight.contract.words import WIRE_VERSION


def phone_of(frame: Hello, board: Board, client: str | None) -> str:
    """The phone that says hello, from this address. Raises Refusal."""
    if WIRE_VERSION not in frame.versions:
        raise Refusal(ErrorCode.UNSUPPORTED_VERSION)
    phone = board.phone_of(frame.token)
    if phone is None:
        board.counts.sign_in_failed(client)
        raise Refusal(ErrorCode.UNAUTHENTICATED)
    return phone


def welcome(hello: Hello, phone: str, board: Board, now: int) -> Welcome:
    """What a phone is told that we let in."""
    settings = board.settings
    board.desk.hear_claims(hello.have, now)
    news, clocks = _lights(board, hello.have, now)
    return Welcome(
        bridge=settings.name,
        phone=phone,
        ping_ms=settings.ping_ms,
        limits=Limits(presses_per_s=int(settings.press_rate), burst=settings.press_burst),
        broker=board.desk.broker,
        lights=news,
        clocks=clocks,
        gone=board.desk.house.gone_for(hello.have),
    )


def _lights(board: Board, have: dict[str, Have], now: int) -> tuple[tuple[View, ...], tuple[Clock, ...]]:
    """The lights that are news to the phone, and the clocks of the others."""
    house = board.desk.house
    news = house.news_for(have, now)
    told = {view.id for view in news}
    return news, tuple(light.clock(name, now) for name, light in house.lights.items() if name not in told)
