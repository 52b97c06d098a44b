r"""Plain JSON: RFC 8259 as a light reads it byte by byte, without a copy and without recursing for ever.

One object, nested at most so deep. Grammar as in RFC 8259: no NaN, no trailing commas, no leading zeros, no control
bytes in strings, nothing after the object but white space. A string with an escape or a byte over 0x7e is read over: it
is OTHER, which is no name and no value of ours, and its bytes need not be UTF-8.
"""

import json
import re
from itertools import accumulate
from typing import Any

from presslight.contract.errors import Malformed

OTHER = "?"
"""Stands for a string that is read over."""

_STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_TEXT = re.compile(rb"(?:[\t\r\n !#-\[\]-~]|" + _STRING.pattern + rb")*+")
_NOT_ASCII = re.compile(rb"[^ -\[\]-~]")


class Members(list[tuple[str, Any]]):
    """A JSON object as its members in order, so that repeated names can be seen."""


def read_plain(payload: bytes, max_depth: int) -> Members:
    """Read one object, itself 1 deep. Raises Malformed on anything else, whatever the bytes."""
    if not _TEXT.fullmatch(payload):
        raise Malformed("a byte that JSON does not have there")
    plain = _STRING.sub(_plain, payload)
    if _depth(plain) > max_depth:
        raise Malformed(f"nested more than {max_depth} deep")
    try:
        value = json.loads(plain, object_pairs_hook=Members, parse_constant=_no_constant)
    except ValueError as error:
        raise Malformed(str(error)) from None
    if not isinstance(value, Members):
        raise Malformed("not an object")
    return value


def _plain(string: re.Match[bytes]) -> bytes:
    return f'"{OTHER}"'.encode() if _NOT_ASCII.search(string[0]) else string[0]


def _depth(payload: bytes) -> int:
    """Count brackets before anything recurses into them."""
    bare = _STRING.sub(b"", payload)
    return max(accumulate((byte in b"{[") - (byte in b"}]") for byte in bare), default=0)


def _no_constant(name: str) -> Any:
    message = f"{name} is not JSON"
    raise ValueError(message)
