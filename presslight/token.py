"""The verb `presslight token`: a phone's way in."""

from pathlib import Path
from typing import Annotated

import typer

from cloud.tokens import issue_token
from presslight.console import one_line, out
from presslight.stack import store_of


def token(
    state: Annotated[Path, typer.Option(help="The folder given to `presslight up --state`.")],
    phone: Annotated[str, typer.Option(help="A name for the phone, for your list.")] = "phone",
) -> None:
    """Make a token for a phone and print it, once: only its hash is kept."""
    with one_line():
        out.print(issue_token(store_of(state), phone=phone), soft_wrap=True)
