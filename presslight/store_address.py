"""The address of a bridge's store: a file in its stack's folder, unless another one is given."""

from pathlib import Path

from presslight.cloud.store.database import Address, has_store, read_address
from presslight.contract.errors import Invalid, PresslightError, printable


class NoStore(PresslightError):
    """There is no store at this address."""

    code = "no_store"


def store_of(folder: Path) -> Path:
    """The store's file in a stack's folder."""
    return folder / "presses.db"


def store_address(state: Path | None, store: str | None) -> Address:
    """The address of the store: `store` before the folder `state`. Raises Invalid, NoStore."""
    address = _named(state, store)
    if not has_store(address):
        where = printable(address) if isinstance(address, Path) else "in that database"
        raise NoStore(f"there is no store {where}: a bridge makes it at its first start (`presslight up`)")
    return address


def _named(state: Path | None, store: str | None) -> Address:
    if store is not None:
        return read_address(store)
    if state is None:
        raise Invalid("say where the bridge keeps them: --state or --store, as for `presslight up`")
    if not state.is_dir():
        raise Invalid(f"there is no folder {printable(state)}")
    return store_of(state)
