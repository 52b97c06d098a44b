"""A process that serves is not stopped by collections that look at all it has."""

import gc
from collections.abc import Iterator
from unittest.mock import AsyncMock, MagicMock, Mock

import pytest

from presslight import foreground, full_collections


class Cycle:
    """Garbage that only a collection finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def full() -> Iterator[list[int]]:
    """How many objects each full collection since found."""
    found: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2:
            found.append(info["collected"])

    before = gc.get_threshold()
    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_dies_young_is_collected_and_nothing_else_is_looked_at(full: list[int]) -> None:
    full_collections.make_rare()
    assert gc.get_freeze_count() > 10_000
    full.clear()
    kept = [(Cycle(), [number])[1] for number in range(100_000)]
    assert not full
    assert sum(isinstance(each, Cycle) for each in gc.get_objects()) < len(kept) / 10


def test_only_full_ones_become_rare(full: list[int]) -> None:
    gc.set_threshold(2_000, 5, 10)
    full_collections.make_rare()
    assert gc.get_threshold() == (2_000, 5, full_collections.MIDDLE_COLLECTIONS)
    assert full


async def test_a_stack_in_a_terminal_makes_them_rare_once_it_is_up(full: list[int]) -> None:
    at_start = gc.get_freeze_count()
    frozen: list[int] = []
    stack, shown = MagicMock(), Mock()
    shown.print.side_effect = lambda _: frozen.append(gc.get_freeze_count())
    stack.restart_dead_parts = AsyncMock(side_effect=lambda: frozen.append(gc.get_freeze_count()))
    await foreground.stay_up(stack, Mock(), shown, demo=False)
    assert frozen[0] == at_start
    assert frozen[1] > 10_000
    assert full
