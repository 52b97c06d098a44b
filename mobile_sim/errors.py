"""The exceptions of a phone, each with a stable code.

::

    PresslightError
    └── PhoneError
        ├── Unreachable     no bridge answered in time; the text says what was last wrong
        ├── TurnedAway      the bridge closed the socket with a 41xx code: trying again would fail again
        ├── UnknownLight    the phone shows no light of that name
        ├── TooManyOpen     too many presses wait for their last word
        └── JournalBroken   the journal cannot be opened or written, so no key may be used
"""

from typing import ClassVar

from presslight.contract.errors import PresslightError


class PhoneError(PresslightError):
    """The base of what a phone raises. Branch on `code`, never on the text."""

    code: ClassVar[str]


class Unreachable(PhoneError):
    """No bridge answered in time."""

    code = "unreachable"


class TurnedAway(PhoneError):
    """The bridge does not want this phone as it is: `close_code` is 41xx (bad token, no common version, …)."""

    code = "turned_away"

    def __init__(self, close_code: int, text: str) -> None:
        super().__init__(text)
        self.close_code = close_code


class UnknownLight(PhoneError):
    """The phone shows no light of that name."""

    code = "unknown_light"


class TooManyOpen(PhoneError):
    """More presses wait for their last word than a phone keeps."""

    code = "too_many_open"


class JournalBroken(PhoneError):
    """The journal cannot be opened or written."""

    code = "journal_broken"
