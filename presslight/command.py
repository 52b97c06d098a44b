"""The command `presslight`: one verb per file, composed here."""

from importlib.metadata import version
from typing import Annotated

import typer

from presslight.accounts import accounts
from presslight.console import Verb, out
from presslight.flash import flash
from presslight.forget import forget
from presslight.light import light
from presslight.measure import measure
from presslight.token import token
from presslight.up import up

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(f"presslight {version('presslight')}")
        raise typer.Exit


@app.callback()
def command(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """From a press on the phone to light in the room: start it, press it, measure it, put it on an ESP32."""


for verb in (up, light, measure, token, accounts, forget, flash):
    app.command(cls=Verb)(verb)
