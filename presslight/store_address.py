"""Where a bridge keeps presses and tokens: in the folder of its stack, unless it is told another store."""

from pathlib import Path

from cloud.database import Address, read_address
from contract.errors import Invalid, printable


def store_of(folder: Path) -> Path:
    """Where the bridge of a stack keeps them, in the stack's folder."""
    return folder / "presses.db"


def store_address(state: Path | None, store: str | None) -> Address:
    """Where a bridge that runs keeps them: a store that is named wins over a folder. Raises Invalid."""
    if store is not None:
        return read_address(store)
    if state is None:
        raise Invalid("say where the bridge keeps them: --state or --store, as for `presslight up`")
    if not state.is_dir():
        raise Invalid(f"there is no folder {printable(state)}")
    return store_of(state)
