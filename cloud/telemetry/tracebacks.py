"""Tracebacks for logs: short, without values of variables, and with nothing that looks like a secret. Pure."""

import re
import traceback
from itertools import pairwise
from types import TracebackType
from typing import TypeAlias

LAST_CALLS = 20
LONGEST = 8_192
"""Characters of one traceback."""

HIDDEN = "[hidden]"

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]

_WORD = re.compile(r"[\w-]{20,}", re.ASCII)
_HEX = re.compile(r"(?=.*[0-9])(?=.*[a-fA-F])[0-9a-fA-F]{32,}")
"""As `openssl rand -hex` makes the token for the metrics. A press's key is shorter."""


def traceback_text(exc_info: ExcInfo) -> str:
    """Format the last LAST_CALLS calls of a traceback, secrets hidden: an exception's text may hold one."""
    made = traceback.TracebackException(*exc_info, limit=-LAST_CALLS, compact=True)
    return without_secrets("".join(made.format()).rstrip())[-LONGEST:]


def without_secrets(text: str) -> str:
    """The text with HIDDEN for each word that looks like a token or a password."""
    return _WORD.sub(_hidden, text)


def _hidden(word: re.Match[str]) -> str:
    """Replace a word that looks random: capitals, small letters and digits alternate often.

    Hex has one case of letters, so it is told by its length.
    """
    if _HEX.fullmatch(word[0]):
        return HIDDEN
    kinds = ["0" if char.isdigit() else "A" if char.isupper() else "a" for char in word[0] if char.isalnum()]
    turns = sum(one != other for one, other in pairwise(kinds))
    return HIDDEN if {"A", "a"} <= set(kinds) and turns >= len(kinds) / 4 else word[0]


def place_of(error: BaseException) -> tuple[type[BaseException], str, int]:
    """The exception's class, and the file and line that raised it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (type(error), trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace else (type(error), "", 0)
