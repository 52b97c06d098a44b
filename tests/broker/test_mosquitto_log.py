"""What Mosquitto's lines mean. The lines are Mosquitto 2.0.11's."""

import pytest

from presslight.broker.mosquitto_log import is_database_corrupt, is_warning, parse_port_in_use, parse_refusal
from presslight.broker.refusals import STRANGER, RefusalKind

DENIED = "Denied PUBLISH from kitchen (d0, q1, r0, m3, 'presslight/light/hall/state', ... (1 bytes))"


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        (DENIED, ("kitchen", RefusalKind.PUBLISH, "presslight/light/hall/state")),
        (
            DENIED.replace("hall", "', ... (9 bytes))"),
            ("kitchen", RefusalKind.PUBLISH, "presslight/light/', ... (9 bytes))/state"),
        ),
        ("Client <unknown> disconnected, not authorised.", (STRANGER, RefusalKind.SIGN_IN, "wrong user or password")),
        ("Client <unknown> disconnected due to protocol error.", (STRANGER, RefusalKind.PACKET, "protocol error")),
        ("Client kitchen disconnected due to oversize packet.", ("kitchen", RefusalKind.PACKET, "oversize packet")),
        ("Client kitchen disconnected.", None),
        ("Client kitchen disconnected: Broken pipe.", None),
        ("Client kitchen disconnected due to out of memory.", None),
        ("Client kitchen has exceeded timeout, disconnecting.", None),
        ("New client connected from 127.0.0.1:45771 as kitchen (p2, c1, k60, u'kitchen').", None),
        ("", None),
    ],
)
def test_line_tells_of_a_refusal_or_not(line: str, meaning: tuple[str, RefusalKind, str] | None) -> None:
    assert parse_refusal(line) == meaning


def test_database_that_cannot_be_read_is_told_from_other_ends() -> None:
    assert is_database_corrupt(["mosquitto version 2.0.11 starting", "Error: Couldn't open database."])
    assert not is_database_corrupt(["Error: Address already in use"])


def test_port_in_use_is_the_last_one_opened() -> None:
    opened = ["Opening ipv4 listen socket on port 1883.", "Opening ipv4 listen socket on port 8883."]
    assert parse_port_in_use([*opened, "Error: Address already in use"]) == 8883
    assert parse_port_in_use(opened) is None
    assert parse_port_in_use(["Error: Address already in use"]) == 0


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("Error: Unable to open log file", True),
        ("Warning: Something", True),
        ("Warning: Mosquitto should not be run as root/administrator.", False),
        ("mosquitto version 2.0.11 running", False),
    ],
)
def test_owner_sees_trouble_only(line: str, trouble: bool) -> None:
    assert is_warning(line) is trouble
