"""The command `presslight`, from its streams to its exit code; `python -m presslight` is the command too.

No crash may end with a code that says something of a result: 1 is said by `measure` alone, "over the budget".
"""

import os
import sys
import traceback
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO

UNEXPECTED = 2
INTERRUPTED = 130
UNREAD = 141
"""Nobody reads on, as in `presslight --help | head -1`; these two are 128 and the signal, as a shell says it."""


def main() -> None:
    """Run the command and end this process."""
    _open_streams()
    sys.exit(_flushed(_run()))


def _run() -> int:
    try:
        from presslight.command import app  # noqa: PLC0415 -- what fails in here is told as any other failure

        app()
    except SystemExit as end:
        return _code(end)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BaseException:
        with suppress(OSError):
            traceback.print_exc()
        return UNEXPECTED
    return 0


def _code(end: SystemExit) -> int:
    """The exit code that typer ends with; its own 1, for what it gives up at, is a result's here."""
    import typer  # noqa: PLC0415 -- it is there, or nothing would have ended this way

    cause = end.__context__
    if end.code != 1 or isinstance(cause, typer.Exit):
        return end.code if isinstance(end.code, int) else 0
    if isinstance(cause, BrokenPipeError):
        return UNREAD
    return INTERRUPTED if isinstance(cause, typer.Abort) else UNEXPECTED


def _open_streams() -> None:
    """Have all three, also where they are closed (`>&-`): the next file or socket would take their place otherwise.

    What a terminal cannot show is replaced, and never an error.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False, encoding="utf-8"))  # noqa: SIM115 -- it stays open
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _flushed(code: int) -> int:
    """Let go of what is still to be written; the exit code after that."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            _silence(stream)
            if not isinstance(error, BrokenPipeError):
                code = code or UNEXPECTED
    return code


def _silence(stream: TextIO) -> None:
    """Have Python's own flush at the end fail no more."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 -- os.devnull is a text
        os.dup2(nowhere.fileno(), stream.fileno())


if __name__ == "__main__":
    main()
