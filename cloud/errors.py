"""The errors of the bridge.

::

    PresslightError
    ├── Refusal              a phone's request is refused, with the ErrorCode that the phone is told
    │   └── StoreUnavailable the store cannot be used (locked, disk full, away)
    │       ├── StoreNotOpened the store cannot be opened, so the bridge does not start
    │       └── StoreReplaced the opened store is no longer at its path
    ├── StoreCorrupted          a part of the store cannot be read and was set aside; the rest is used
    ├── DuplicateKey         the key to be stored is in the store; carries its record
    ├── CannotListen         the address is in use (`port_in_use`) or not this machine's (`cannot_listen`)
    └── BridgeFailed         the bridge ended by itself

`IllegalMove` is a defect of the bridge itself, so it is none of them.
"""

from typing import TYPE_CHECKING, ClassVar

from presslight.contract.errors import MEANINGS, ErrorCode, PresslightError

if TYPE_CHECKING:
    from presslight.cloud.core.record import Record


class Refusal(PresslightError):
    """Refusal of a phone's request. `code`: sent to the phone; `detail`: the place of the error, in a few words."""

    def __init__(self, code: ErrorCode, detail: str = "") -> None:
        meaning = MEANINGS[code]
        super().__init__(f"{meaning.message} ({detail})" if detail else meaning.message)
        self.code = code
        self.retry = meaning.retry


class StoreUnavailable(Refusal):
    """The store cannot be read or written; a press that cannot be stored is not sent."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(ErrorCode.STORE_UNAVAILABLE, detail)


class StoreNotOpened(StoreUnavailable):
    """The store cannot be opened; `detail`: which, and why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.args = (f"cannot open the store: {detail}",)


class StoreReplaced(StoreUnavailable):
    """The opened store is no longer at its path. `what`: a sentence for the log; phones are not told it."""

    def __init__(self, what: str) -> None:
        super().__init__("the store was replaced")
        self.what = what


class StoreCorrupted(PresslightError):
    """A part of the store cannot be read and was set aside."""


class DuplicateKey(PresslightError):
    """The key to be stored is in the store already; `record`: its record."""

    def __init__(self, record: "Record") -> None:
        super().__init__(f"the store has {record.key}")
        self.record = record


class CannotListen(PresslightError):
    """The server cannot listen at its address. `code`: `port_in_use` or `cannot_listen`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class BridgeFailed(PresslightError):
    """The bridge ended by itself."""

    code: ClassVar[str] = "bridge_failed"


class IllegalMove(Exception):
    """Defect: a press or a session was moved where it cannot go, or was given an event that it cannot take."""
