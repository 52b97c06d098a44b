"""What Mosquitto's log lines mean. Line in, meaning out."""

import re
from typing import NamedTuple

from presslight.broker.refusals import STRANGER, Refused

_DENIED = re.compile(
    r"Denied PUBLISH from (?P<user>\S+) \(d\d, q\d, r\d, m\d+, '(?P<topic>.*)', \.\.\. \(\d+ bytes\)\)$"
)
_DISCONNECTED = re.compile(r"Client (?P<user>\S+) disconnected(?P<why>, not authorised| due to .*)\.$")
_BROKEN_PIPE = " due to out of memory"
"""What 2.0.11 says of a client that has gone while a message of its own is acknowledged."""

_OPENING = re.compile(r"Opening \w+ listen socket on port (\d+)")
_AS_ROOT = "Warning: Mosquitto should not be run as root"


class Refusal(NamedTuple):
    """Who was refused what."""

    user: str
    what: Refused
    about: str


def refusal(line: str) -> Refusal | None:
    """The refusal that a line tells of. Refused publishes are only there where every packet is logged."""
    if found := _DENIED.match(line):
        return Refusal(found["user"], Refused.PUBLISH, found["topic"])
    if found := _DISCONNECTED.match(line):
        if found["why"].startswith(","):
            return Refusal(STRANGER, Refused.SIGN_IN, "wrong user or password")
        if found["why"] == _BROKEN_PIPE:
            return None
        user = STRANGER if found["user"] == "<unknown>" else found["user"]
        return Refusal(user, Refused.PACKET, found["why"].removeprefix(" due to "))
    return None


def port_in_use(lines: list[str]) -> int | None:
    """The port that another program has, where that is why Mosquitto ended."""
    if not any("Address already in use" in line for line in lines):
        return None
    opened = [int(found[1]) for line in lines if (found := _OPENING.match(line))]
    return opened[-1] if opened else 0


def database_is_spoilt(lines: list[str]) -> bool:
    """Whether Mosquitto ended because it cannot read what it retained."""
    return any(line.startswith("Error: Couldn't open database") for line in lines)


def is_trouble(line: str) -> bool:
    """Whether the owner should see this line. That it runs as root, where we do, is our choice (`mosquitto.py`)."""
    return line.startswith(("Error", "Warning")) and not line.startswith(_AS_ROOT)
