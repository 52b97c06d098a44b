"""The first frame of a phone: whom we let in, and what they are told. Pure: `now` is ns on a monotonic clock."""

from cloud.board import Board
from cloud.errors import Refusal
from contract.errors import ErrorCode
from contract.phone import Hello, Limits, Welcome
from contract.words import WIRE_VERSION


def phone_of(frame: Hello, board: Board) -> str:
    """The phone that says hello. Raises Refusal."""
    if WIRE_VERSION not in frame.versions:
        raise Refusal(ErrorCode.UNSUPPORTED_VERSION)
    phone = board.phone_of(frame.token)
    if phone is None:
        raise Refusal(ErrorCode.UNAUTHENTICATED)
    return phone


def welcome(hello: Hello, phone: str, board: Board, now: int) -> Welcome:
    """What a phone is told that we let in."""
    settings = board.settings
    return Welcome(
        bridge=settings.name,
        phone=phone,
        ping_ms=settings.ping_ms,
        limits=Limits(presses_per_s=int(settings.press_rate), burst=settings.press_burst),
        broker=board.desk.broker,
        lights=board.desk.house.news_for(hello.have, now),
    )
