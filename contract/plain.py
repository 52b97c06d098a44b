r"""Plain JSON: as much of RFC 8259 as a light reads byte by byte, without a copy and without recursing for ever.

ASCII from 0x20 to 0x7e and the white space `\t \r \n`; no backslash, so no escapes; one object, nested at most so
deep. Grammar as in RFC 8259: no NaN, no trailing commas, no leading zeros, nothing after the object but white space.
"""

import json
import re
from itertools import accumulate
from typing import Any

from contract.errors import Malformed

_STRING = re.compile(rb'"[^"]*"')
_NOT_PLAIN = re.compile(rb"[^\t\r\n -\[\]-~]")


class Members(list[tuple[str, Any]]):
    """A JSON object as its members in order, so that repeated names can be seen."""


def read_plain(payload: bytes, max_depth: int) -> Members:
    """Read one object, itself 1 deep. Raises Malformed on anything else, whatever the bytes."""
    if _NOT_PLAIN.search(payload):
        raise Malformed("a byte that plain JSON does not have")
    if _depth(payload) > max_depth:
        raise Malformed(f"nested more than {max_depth} deep")
    try:
        value = json.loads(payload, object_pairs_hook=Members, parse_constant=_no_constant)
    except ValueError as error:
        raise Malformed(str(error)) from None
    if not isinstance(value, Members):
        raise Malformed("not an object")
    return value


def _depth(payload: bytes) -> int:
    """Count brackets before anything recurses into them. Without escapes, every second quote ends a string."""
    bare = _STRING.sub(b"", payload)
    return max(accumulate((byte in b"{[") - (byte in b"}]") for byte in bare), default=0)


def _no_constant(name: str) -> Any:
    message = f"{name} is not JSON"
    raise ValueError(message)
