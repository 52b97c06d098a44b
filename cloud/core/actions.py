"""The actions that a press asks for, each with all that it needs, so that whoever does it asks the press nothing."""

from typing import NamedTuple

from presslight.cloud.core.record import Record
from presslight.contract.phone import PressOutcome


class Admit(NamedTuple):
    """Store the press under its key, unless the key is known; it is held from then on. Nothing follows a failure."""

    record: Record


class Sync(NamedTuple):
    """Have the stored press on the disk; OnDisk follows once it is."""


class Publish(NamedTuple):
    """Hand the set message to the broker, if it is connected."""

    light: str
    message: bytes


class Reply(NamedTuple):
    """Send the status to the phone that asked just now."""

    outcome: PressOutcome


class Tell(NamedTuple):
    """Send the status to every phone that has asked."""

    outcome: PressOutcome


class Close(NamedTuple):
    """Store the final status. A crash may lose it: then the light is asked again."""

    record: Record


Action = Admit | Sync | Publish | Reply | Tell | Close
