"""Syntax trees that Python 3.11 builds whole.

Its `ast.parse` fails (SystemError: AST constructor recursion depth mismatch) where garbage is collected meanwhile and
something in it parses too, as each traceback does that is formatted. pytest parses the file of a failing test to word
why it failed: it died of that, and hid every reason. From Python 3.12 on nothing is collected in there.
"""

import ast
import functools
import gc
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def protect() -> None:
    """Have this process collect no garbage while it parses, where that is needed."""
    if sys.version_info < (3, 12):
        ast.parse = _without_collecting(ast.parse)


def _without_collecting(parse: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    @functools.wraps(parse)
    def parse_whole(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        collects = gc.isenabled()
        gc.disable()
        try:
            return parse(*args, **kwargs)
        finally:
            if collects:
                gc.enable()

    return parse_whole
