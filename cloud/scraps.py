"""What can be read of a frame that is not good, so that its sender knows which one is meant. Pure."""

import json
from typing import Any

_LONGEST_KEY = 64


def key_of(text: str) -> str | None:
    """The key of a press, if something like one is there."""
    key = _members(text).get("key")
    return key if isinstance(key, str) and len(key) <= _LONGEST_KEY else None


def is_hello(text: str) -> bool:
    """Whether a hello was meant."""
    return _members(text).get("type") == "hello"


def _members(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
