"""The order of the files of tests. One worker runs all of a file: the last to begin is the last to end, alone."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONGEST = (
    *("journey/test_announcing.py", "presslight/test_paths.py", "test_running.py", "test_make.py"),
    *("presslight/test_main.py", "page/test_touch.py", "hostile/test_floods.py", "journey/test_faults.py"),
    *(
        "faults/test_faults.py",
        "cloud/websocket/test_endpoint.py",
        "presslight/verbs/test_forget.py",
        "page/test_journey.py",
    ),
    *("page/test_card.py", "presslight/verbs/test_flash.py", "page/test_app.py", "test_clients.py"),
    *("firmware/test_start.py", "page/test_access.py", "presslight/test_flash_and_broker.py"),
    *(
        "broker/test_hostile.py",
        "page/test_storage.py",
        "world/test_world.py",
        "cloud/uvicorn_protocols/test_http_protocol.py",
    ),
    *("page/test_layout.py", "cloud/http/test_routes.py", "presslight/verbs/test_up.py", "page/test_change.py"),
    *("presslight/verbs/test_measure.py", "firmware/test_heap.py", "broker/test_version_5.py", "bench/test_bench.py"),
    *("journey/test_slow_network.py", "presslight/test_flash_cut.py", "cloud/mqtt/test_client.py"),
    *("journey/test_bridge_down.py", "presslight/test_new_chip.py", "faults/test_replicas.py"),
    *("presslight/verbs/test_accounts.py", "hostile/test_hanging_up.py", "journey/test_networks.py"),
    *("firmware/test_session.py",),
)
"""The files that take longest, most of them first; those that wait stand between those that work."""

_PLACES = {HERE / name: place for place, name in enumerate(LONGEST)}


def place(file: Path) -> int:
    """Sorts files: the longest first, the others after them."""
    return _PLACES.get(file, len(_PLACES))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the longest files first; the others stay in their order."""
    items.sort(key=lambda item: place(item.path))
