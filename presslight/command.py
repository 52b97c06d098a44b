"""The command `presslight`: one verb per file, composed here."""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from presslight.terminal.console import Verb, errors_on_one_line, out

NAMES = ("up", "light", "measure", "token", "accounts", "forget", "flash")
"""The verbs; each is the function of that name in the file of that name."""


class Verbs(Mapping[str, Any]):
    """The verbs by name. A verb's file is loaded once it is asked for: no verb waits for what only others need."""

    def __getitem__(self, name: str) -> Any:
        if name not in NAMES:
            raise KeyError(name)
        alone = typer.Typer(add_completion=False)
        alone.command(cls=Verb)(getattr(import_module(f"presslight.verbs.{name}"), name))
        return typer.main.get_command(alone)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


class Command(TyperGroup):
    """The command, which has all verbs."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = cast("MutableMapping[str, Any]", Verbs())

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words before the verb; help and version are printed here."""
        with errors_on_one_line():
            return super().parse_args(ctx, args)


app = typer.Typer(
    cls=Command,
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
