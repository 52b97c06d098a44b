"""Reading and writing of phone frames, and of the body of a press over HTTP (`contract/phone.py`)."""

import json
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from presslight.contract.errors import Malformed, TooLarge, refusal
from presslight.contract.phone import (
    MAX_FRAME_BYTES,
    BridgeFrame,
    PhoneFrame,
    PressBody,
    TaggedBridgeFrame,
    TaggedPhoneFrame,
)

MOST_MEMBERS = 1_280
"""Commas and colons of a hello with MAX_HAVE lights, and of any words in it."""

MOST_MEMBERS_OF_PRESS = 64
"""Those of any other frame."""

_HELLO = b'"hello"'

_PHONE: TypeAdapter[PhoneFrame] = TypeAdapter(TaggedPhoneFrame)
_BRIDGE: TypeAdapter[BridgeFrame] = TypeAdapter(TaggedBridgeFrame)


def decode_phone_frame(text: str | bytes) -> PhoneFrame:
    """Read a frame from a phone. Raises TooLarge, Malformed, UnknownType or Invalid."""
    sent = _bounded(text)
    _hold_few_members(sent, MOST_MEMBERS if _HELLO in sent else MOST_MEMBERS_OF_PRESS)
    try:
        frame = _PHONE.validate_json(sent)
    except ValidationError as error:
        raise refusal(error) from None
    _hold_no_name_twice(sent)
    return frame


def decode_press_body(body: bytes) -> PressBody:
    """Read the body of a press over HTTP. Raises TooLarge, Malformed or Invalid."""
    sent = _bounded(body)
    _hold_few_members(sent, MOST_MEMBERS_OF_PRESS)
    try:
        read = PressBody.model_validate_json(sent)
    except ValidationError as error:
        raise refusal(error) from None
    _hold_no_name_twice(sent)
    return read


def decode_bridge_frame(text: str | bytes) -> BridgeFrame:
    """Read a frame from the bridge, which may be of any size. Raises Malformed, UnknownType or Invalid."""
    try:
        return _BRIDGE.validate_json(_utf8(text))
    except ValidationError as error:
        raise refusal(error) from None


def encode(frame: BaseModel) -> str:
    """Write any frame: compact, absent fields left out."""
    return frame.model_dump_json(exclude_none=True)


def _bounded(text: str | bytes) -> bytes:
    sent = _utf8(text)
    if len(sent) > MAX_FRAME_BYTES:
        raise TooLarge(f"{len(sent)} bytes, {MAX_FRAME_BYTES} allowed")
    return sent


def _hold_few_members(sent: bytes, most: int) -> None:
    """Refuse what could hold thousands of mistakes: to note each takes pydantic 20 ms a frame. Raises TooLarge."""
    if sent.count(b",") + sent.count(b":") > most:
        raise TooLarge("more members than any frame has")


def _hold_no_name_twice(valid: bytes) -> None:
    """Refuse what readers of JSON read in different ways: some believe the first, some the last. Raises Malformed."""
    _NAMES_ONCE.decode(valid.decode())


def _names_once(members: list[tuple[str, Any]]) -> None:
    if len(dict(members)) < len(members):
        raise Malformed("a name stands twice in an object")


_NAMES_ONCE = json.JSONDecoder(object_pairs_hook=_names_once)


def _utf8(text: str | bytes) -> bytes:
    try:
        return text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError:
        raise Malformed("half of a surrogate pair") from None
