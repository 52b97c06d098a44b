"""What the bridge refuses, and what keeps it from starting.

::

    PresslightError
    ├── Refusal              a phone's request is refused; carries the ErrorCode that the phone hears
    │   └── StoreUnavailable the store took no write (locked, disk full, away)
    │       ├── StoreNotOpened it could not even be opened: what keeps a bridge from starting
    │       └── StoreReplaced another store, or none, is where the one was that was opened
    ├── StoreSpoilt          something in the store could not be read and was set aside: the rest goes on
    ├── KnownAlready         not an error: the key that was to be stored is in the store
    ├── CannotListen         the address is taken (`port_in_use`) or not ours (`cannot_listen`)
    └── BridgeFailed         the bridge ended by itself
"""

from typing import TYPE_CHECKING, ClassVar

from presslight.contract.errors import MEANINGS, ErrorCode, PresslightError

if TYPE_CHECKING:
    from presslight.cloud.core.record import Record


class Refusal(PresslightError):
    """A phone's request is refused. `code` is what it hears; `detail` says where, in a few words."""

    def __init__(self, code: ErrorCode, detail: str = "") -> None:
        meaning = MEANINGS[code]
        super().__init__(f"{meaning.message} ({detail})" if detail else meaning.message)
        self.code = code
        self.retry = meaning.retry


class StoreUnavailable(Refusal):
    """The store took no write, so nothing was sent."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(ErrorCode.STORE_UNAVAILABLE, detail)


class StoreNotOpened(StoreUnavailable):
    """The store cannot be opened; `detail` says which, and why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.args = (f"cannot open the store: {detail}",)


class StoreReplaced(StoreUnavailable):
    """Another store, or none, is where the one was that was opened. `what`: which, for the log; no phone hears it."""

    def __init__(self, what: str) -> None:
        super().__init__("the store was replaced")
        self.what = what


class StoreSpoilt(PresslightError):
    """Something in the store could not be read, and was set aside."""


class KnownAlready(PresslightError):
    """The key stands in the store; `record` is what is known of it."""

    def __init__(self, record: "Record") -> None:
        super().__init__(f"the store has {record.key}")
        self.record = record


class CannotListen(PresslightError):
    """The bridge cannot listen where it was told to. `code`: `port_in_use` or `cannot_listen`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class BridgeFailed(PresslightError):
    """The bridge ended by itself."""

    code: ClassVar[str] = "bridge_failed"
