"""The order of the files of tests. One worker runs all of a file: the last to begin is the last to end, alone."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONGEST = (
    *("journey/test_announcing.py", "presslight/test_forget.py", "world/test_teeth.py", "presslight/test_up.py"),
    *("presslight/test_measure.py", "world/test_world.py", "test_running.py", "faults/test_faults.py"),
    *("page/test_touch.py", "presslight/test_main.py", "journey/test_faults.py", "page/test_journey.py"),
)
"""The files that take longest, from half a minute on: they begin first."""

_PLACES = {HERE / name: place for place, name in enumerate(LONGEST)}


def place(file: Path) -> int:
    """Sorts files: the longest first, the others after them."""
    return _PLACES.get(file, len(_PLACES))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the longest files first; the others stay in their order."""
    items.sort(key=lambda item: place(item.path))
