"""Run commands with paths of every kind, each in a fork of one process, as starting Python 150 times takes minutes.

`python -m tests.presslight.paths` reads `[[module, arguments, kind of path], …]` as JSON and answers `[[code, out,
err], …]`. Arguments are `os.fsdecode`d.
"""

import ctypes
import encodings.idna  # noqa: F401 -- loaded, like the command, for all forks
import gc
import json
import os
import resource
import runpy
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

import pydantic.v1  # noqa: F401 -- as above: FastAPI asks for it

import presslight.foreground  # noqa: F401 -- as above: what `up` starts
from presslight.command import Verbs

LIMIT_S = 30
PR_SET_PDEATHSIG = 1
CAPABILITIES_3, CAP_DAC_OVERRIDE = 0x2008_0522, 1


def main() -> None:
    assert dict(Verbs())  # every verb is loaded for all forks
    sys.modules["presslight.verbs.forget"].__dict__["WAIT_S"] = 0  # no bridge runs here
    asked: list[tuple[str, list[str], str]] = json.load(sys.stdin)
    gc.freeze()  # what is here is never garbage, and no fork has to look
    json.dump([run(*each) for each in asked], sys.stdout)


def run(module: str, arguments: Sequence[str], kind: str) -> tuple[int, str, str]:
    """The exit code (negative for a signal) and what was printed, which is less than a pipe holds."""
    (read_out, out), (read_err, err) = os.pipe(), os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        become(module, arguments, kind, out, err)
    os.close(out)
    os.close(err)
    with os.fdopen(read_out, errors="replace") as printed, os.fdopen(read_err, errors="replace") as complained:
        said = printed.read(), complained.read()
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), *said


def obey_modes() -> None:
    """Have root write only where modes let it. It reads what it likes: a clone may lie where nobody else can look."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(CAPABILITIES_3, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    sets[0] &= ~(1 << CAP_DAC_OVERRIDE)
    assert libc.capset(header, sets) == 0


def become(module: str, arguments: Sequence[str], kind: str, out: int, err: int) -> NoReturn:
    signal.alarm(LIMIT_S)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", errors="backslashreplace")
    sys.argv = [module, *arguments]
    if "unwritable" in kind and os.geteuid() == 0:
        obey_modes()
    if kind == "full disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    warnings.simplefilter("ignore", RuntimeWarning)  # runpy's, of a module that is loaded already
    code = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 99
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
