"""The example messages in `contract/examples/`: what every reader of the contract must judge as stated there.

Each file is a JSON list with one case a line, so that a reader with little memory can take it line by line. A case has
`name`, `why`, `payload` (or `payload_base64`, where it is not UTF-8 or not in MicroPython's reach), `valid` and, if it
is not, the `code` that its sender hears. In `set.json` a valid case has `means`, the fields as decoded, and an invalid
one has `key` where a light must answer it: a valid key stands in it, once.
"""

import json
from base64 import b64decode
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from presslight.contract.errors import ErrorCode

FOLDER = Path(__file__).parent / "examples"

Kind = Literal["set", "report", "availability", "discovery", "phone", "bridge", "press_body"]


class Sample(NamedTuple):
    """One message and its verdict: `code` is None where it is valid."""

    name: str
    payload: bytes
    code: ErrorCode | None
    why: str
    means: dict[str, Any] | None
    key: str | None


@cache
def samples(kind: Kind) -> tuple[Sample, ...]:
    """All examples of one kind of message, in the order of the file."""
    return tuple(_sample(case) for case in json.loads((FOLDER / f"{kind}.json").read_bytes()))


def _sample(case: dict[str, Any]) -> Sample:
    encoded = case.get("payload_base64")
    return Sample(
        name=case["name"],
        payload=case["payload"].encode() if encoded is None else b64decode(encoded),
        code=None if case["valid"] else ErrorCode(case["code"]),
        why=case["why"],
        means=case.get("means"),
        key=case.get("key"),
    )
