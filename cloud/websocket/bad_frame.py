"""The key and type that can be read of an invalid frame, so that its sender is told which one is meant. Pure."""

import json
from collections import Counter
from typing import Any

from presslight.contract.words import is_key


def key_of(text: str) -> str | None:
    """The key of a press, if a good one is there: nothing else of a bad frame goes into an answer."""
    key = _members(text).get("key")
    return key if isinstance(key, str) and is_key(key) else None


def is_hello(text: str) -> bool:
    """Whether a hello was meant."""
    return _members(text).get("type") == "hello"


def _members(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text, object_pairs_hook=_said_once)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _said_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members whose name stands once: of the others nobody knows what was meant."""
    times = Counter(name for name, _ in members)
    return {name: value for name, value in members if times[name] == 1}
