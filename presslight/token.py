"""The verb `presslight token`: a phone's way in, and out."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cloud.tokens import issue_token, list_tokens, revoke_tokens
from presslight.console import complain, one_line, out
from presslight.stack import store_of


def token(
    *,
    state: Annotated[Path, typer.Option(help="The folder given to `presslight up --state`.")],
    phone: Annotated[str, typer.Option(help="A name for the phone, for your list.")] = "phone",
    revoke: Annotated[bool, typer.Option("--revoke", help="Make all tokens of that phone worthless.")] = False,
    show: Annotated[bool, typer.Option("--list", help="List whose tokens are good.")] = False,
) -> None:
    """Make a token for a phone and print it, once: only its hash is kept. Works while the bridge runs."""
    with one_line():
        if not state.is_dir():
            complain(f"there is no folder {state}")
            raise typer.Exit(2)
        if show:
            out.print(_table(store_of(state)))
        elif revoke:
            out.print(f"{revoke_tokens(store_of(state), phone)} revoked")
        else:
            out.print(issue_token(store_of(state), phone=phone), soft_wrap=True)


def _table(store: Path) -> Table:
    table = Table("phone", "since", "name")
    for issued in list_tokens(store):
        table.add_row(issued.phone, time.strftime("%Y-%m-%d %H:%M", time.localtime(issued.issued_at)), issued.name)
    return table
