"""The order of the files of tests. One worker runs all of a file: the last to begin is the last to end, alone."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONGEST = (
    *("journey/test_announcing.py", "presslight/test_up.py", "world/test_world.py"),
    *("faults/test_faults.py", "test_running.py", "presslight/test_up_lan.py", "faults/test_replicas.py"),
    *("bench/test_bench.py", "presslight/test_forget.py", "presslight/test_main.py", "page/test_journey.py"),
    *("test_make.py", "page/test_memory.py", "page/test_change.py", "presslight/test_paths.py"),
    *("presslight/test_measure.py", "page/test_app.py", "page/test_card.py", "page/test_touch.py"),
    *("page/test_access.py", "page/test_layout.py", "journey/test_faults.py", "test_clients.py"),
    *("hostile/test_floods.py", "journey/test_bridge_down.py", "page/test_failures.py", "firmware/test_heap.py"),
    *("hostile/test_hanging_up.py", "journey/test_networks.py", "journey/test_slow_network.py", "cloud/test_door.py"),
    *("broker/test_hostile.py", "firmware/test_session.py", "presslight/test_command.py", "cloud/test_socket.py"),
)
"""The files that take longest, most of them first; those that wait stand between those that work."""

_PLACES = {HERE / name: place for place, name in enumerate(LONGEST)}


def place(file: Path) -> int:
    """Sorts files: the longest first, the others after them."""
    return _PLACES.get(file, len(_PLACES))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the longest files first; the others stay in their order."""
    items.sort(key=lambda item: place(item.path))
