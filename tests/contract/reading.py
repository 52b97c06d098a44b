"""Reading with a decoder that must be total: any input gives a message or a ContractError."""

from collections.abc import Callable
from typing import Any

from presslight.contract.errors import ContractError


def total(decode: Callable[[Any], object], payload: str | bytes) -> Any:
    """Decode, or give the refusal, which must be short; any other exception fails the test."""
    try:
        return decode(payload)
    except ContractError as error:
        refused = error
    assert len(str(refused)) < 300
    return refused
