"""The verb `presslight token`: a phone's way in, and out."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cloud.database import Address, read_address
from cloud.tokens import issue_token, list_tokens, revoke_tokens
from contract.errors import Invalid, printable
from presslight.console import given_path, one_line, out, refuse_written
from presslight.stack import store_of


def token(
    ctx: typer.Context,
    *,
    state: Annotated[
        Path | None, typer.Option(parser=given_path, help="The folder given to `presslight up --state`.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(envvar="PRESSLIGHT_STORE", help="The store given to `presslight up --store`.")
    ] = None,
    phone: Annotated[str, typer.Option(help="A name for the phone, for your list.")] = "phone",
    revoke: Annotated[bool, typer.Option("--revoke", help="Make all tokens of that phone worthless.")] = False,
    show: Annotated[bool, typer.Option("--list", help="List whose tokens are good.")] = False,
) -> None:
    """Make a token for a phone and print it, once: only its hash is kept. Works while the bridge runs."""
    with one_line():
        if show:
            refuse_written(ctx, "is ignored where tokens are listed (--list)", "phone", "revoke")
        address = _address(state, store)
        if show:
            out.print(_table(address))
        elif revoke:
            out.print(f"{revoke_tokens(address, phone)} revoked")
        else:
            out.print(issue_token(address, phone=phone), soft_wrap=True)


def _address(state: Path | None, store: str | None) -> Address:
    """Where the tokens are: a store that is named wins over a folder."""
    if store is not None:
        return read_address(store)
    if state is None:
        raise Invalid("say where the tokens are: --state or --store, as for `presslight up`")
    if not state.is_dir():
        raise Invalid(f"there is no folder {printable(state)}")
    return store_of(state)


def _table(store: Address) -> Table:
    table = Table("phone", "since", "name")
    for issued in list_tokens(store):
        table.add_row(issued.phone, time.strftime("%Y-%m-%d %H:%M", time.localtime(issued.issued_at)), issued.name)
    return table
