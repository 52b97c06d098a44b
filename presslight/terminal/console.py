"""Consoles, options and error lines that all verbs of the command share."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperCommand

from presslight.contract.errors import Invalid, PresslightError, sentence


class Printer(Console):
    """A console that ignores a closed pipe, as in `| head`, so that the verb decides how it ends."""

    def on_broken_pipe(self) -> None:
        """Discard all further output."""
        self.quiet = True
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 -- os.devnull is a text
            os.dup2(nowhere.fileno(), self.file.fileno())


out = Printer(highlight=False)
err = Printer(stderr=True, highlight=False)


class NoPath(PresslightError):
    """A path on the command line is empty."""

    code = "no_path"


def parse_path(text: str) -> Path:
    """Read a path of the command line: the parser of every option that takes one. Raises NoPath where it is empty.

    In `--state=~/house` no shell has put the home folder in the place of `~`.
    """
    if not text:
        raise NoPath("a path is empty: leave the option out, or name a file or folder")
    return Path(os.path.expanduser(text))  # noqa: PTH111 -- Path's own would take ./~ for it, too, and raise for ~nobody


def refuse_options(ctx: typer.Context, because: str, *names: str) -> None:
    """Refuse options of the command line that would be ignored; a variable may be meant for another verb.

    Raises Invalid.
    """
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is not None and source.name == "COMMANDLINE":
            raise Invalid(f"{parameter.opts[0]} {because}")


class Verb(TyperCommand):
    """A verb of the command whose errors are one line, without a traceback."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words after the verb."""
        with errors_on_one_line():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        with errors_on_one_line():
            return super().invoke(ctx)


@contextmanager
def errors_on_one_line() -> Iterator[None]:
    """Turn an error of ours or of the system, also out of a group, into one clear line on stderr and exit code 2."""
    try:
        yield
    except* (PresslightError, OSError, UnicodeError) as group:
        print_error(sentence(_first(group)))
        code = 2
    else:
        return
    raise typer.Exit(code)


def print_error(sentence: str) -> None:
    """Print an error on stderr: `presslight: sentence`."""
    err.print(f"presslight: {sentence}", markup=False, soft_wrap=True)


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
