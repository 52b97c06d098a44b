"""Messages that a light dropped, as its reports count them, and when that is worth a line. Pure."""

from collections.abc import Iterator

from presslight.contract.mqtt import Dropped

NONE = Dropped()


def by_cause(dropped: Dropped) -> Iterator[tuple[str, int]]:
    """How many messages a light dropped in this boot, by cause."""
    return iter(dropped.__dict__.items())


def news(before: Dropped, now: Dropped) -> tuple[tuple[str, int], ...]:
    """The causes whose count has reached 1, 10, 100 … since, with their counts."""
    if before == now:
        return ()
    return tuple(
        (cause, count)
        for (cause, count), (_, old) in zip(by_cause(now), by_cause(before), strict=True)
        if _digits(count) > _digits(old)
    )


def _digits(count: int) -> int:
    return len(str(count)) if count else 0
