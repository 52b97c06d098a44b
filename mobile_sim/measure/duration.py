"""Durations as people write them. Pure."""

import re

from presslight.contract.errors import Invalid

UNITS_MS = {"ms": 1, "s": 1_000, "min": 60_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min)")


def parse(text: str) -> float:
    """Read `1500ms`, `2s`, `0.5 s` or `1min` as ms, more than zero. Raises Invalid."""
    match = _DURATION.fullmatch(text.strip())
    ms = float(match[1]) * UNITS_MS[match[2]] if match else 0.0
    if ms <= 0:
        raise Invalid(f"a duration looks like 2s or 1500ms, not like {text[:40]!r}")
    return ms


def format_duration(ms: float) -> str:
    """Write ms for people: `2 s`, `1.5 s`, `850 ms`, `4.2 ms`, `0.31 ms`."""
    if ms >= 1_000 and ms % 100 == 0:
        return f"{ms / 1_000:g} s"
    digits = 0 if ms >= 100 else 1 if ms >= 1 else 2
    return f"{ms:,.{digits}f} ms"
