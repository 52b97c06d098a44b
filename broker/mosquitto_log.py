"""Parser of Mosquitto's log lines (2.0). Pure: lines in, events out."""

import re
from typing import NamedTuple

from presslight.broker.refusals import STRANGER, RefusalKind

_DENIED = re.compile(
    r"Denied PUBLISH from (?P<user>\S+) \(d\d, q\d, r\d, m\d+, '(?P<topic>.*)', \.\.\. \(\d+ bytes\)\)$"
)
_DISCONNECTED = re.compile(r"Client (?P<user>\S+) disconnected(?P<why>, not authorised| due to .*)\.$")
_BROKEN_PIPE = " due to out of memory"
"""The reason that 2.0.11 logs for a client that has left while its message is acknowledged."""

_OPENING = re.compile(r"Opening \w+ listen socket on port (\d+)")
_AS_ROOT = "Warning: Mosquitto should not be run as root"


class Refusal(NamedTuple):
    """One refused request of `user`; `detail`: its topic, or the logged reason."""

    user: str
    kind: RefusalKind
    detail: str


def parse_refusal(line: str) -> Refusal | None:
    """The refusal in a log line, or None. A refused PUBLISH is logged only where every packet is (`log_packets`)."""
    if found := _DENIED.match(line):
        return Refusal(found["user"], RefusalKind.PUBLISH, found["topic"])
    if found := _DISCONNECTED.match(line):
        if found["why"].startswith(","):
            return Refusal(STRANGER, RefusalKind.SIGN_IN, "wrong user or password")
        if found["why"] == _BROKEN_PIPE:
            return None
        user = STRANGER if found["user"] == "<unknown>" else found["user"]
        return Refusal(user, RefusalKind.PACKET, found["why"].removeprefix(" due to "))
    return None


def parse_port_in_use(lines: list[str]) -> int | None:
    """The port that another program uses, where Mosquitto ended because of that; else None."""
    if not any("Address already in use" in line for line in lines):
        return None
    opened = [int(found[1]) for line in lines if (found := _OPENING.match(line))]
    return opened[-1] if opened else 0


def is_database_corrupt(lines: list[str]) -> bool:
    """Whether Mosquitto ended because it cannot read its database of retained messages."""
    return any(line.startswith("Error: Couldn't open database") for line in lines)


def without_numbers(line: str) -> str:
    """The line's kind: a client chooses packet identifiers and ports."""
    return re.sub(r"\d+", "#", line)


def is_warning(line: str) -> bool:
    """Whether the line is an error or a warning, except about running as root, which is intended (`mosquitto.py`)."""
    return line.startswith(("Error", "Warning")) and not line.startswith(_AS_ROOT)
