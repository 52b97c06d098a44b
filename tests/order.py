"""The order of the files of tests. One worker runs all of a file: the last to begin is the last to end, alone."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONGEST = (
    *("journey/test_announcing.py", "test_check.py", "presslight/test_up.py", "world/test_world.py"),
    *("faults/test_faults.py", "test_running.py", "page/test_touch.py", "bench/test_bench.py"),
    *("faults/test_replicas.py", "presslight/test_main.py", "page/test_journey.py", "firmware/test_heap.py"),
    *("presslight/test_forget.py", "presslight/test_up_lan.py", "page/test_layout.py", "page/test_memory.py"),
    *("presslight/test_measure.py", "broker/test_hostile.py", "presslight/test_paths.py", "journey/test_faults.py"),
)
"""The files that take longest, most of them first; those that wait stand between those that work."""

_PLACES = {HERE / name: place for place, name in enumerate(LONGEST)}


def place(file: Path) -> int:
    """Sorts files: the longest first, the others after them."""
    return _PLACES.get(file, len(_PLACES))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the longest files first; the others stay in their order."""
    items.sort(key=lambda item: place(item.path))
