"""The command `presslight`: one verb per file, composed here."""

import typer

from presslight.accounts import accounts
from presslight.console import Verb
from presslight.flash import flash
from presslight.light import light
from presslight.measure import measure
from presslight.token import token
from presslight.up import up

app = typer.Typer(
    help="From a press on the phone to light in the room: start it, press it, measure it, put it on an ESP32.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for verb in (up, light, measure, token, accounts, flash):
    app.command(cls=Verb)(verb)
