"""Every option that takes a path, with a path of every kind: taken, or refused in one line with exit code 2."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import pytest
import typer

from presslight.cloud.store.database import patient
from presslight.command import app
from presslight.contract.errors import printable
from tests.mobile_sim.fake_bridge import FakeBridge

ROOT = Path(__file__).parents[2]

FOLDER, OLD_FOLDER, READ, WRITTEN = (
    "a folder, made if missing",
    "a folder that is there",
    "a file to read",
    "a file to write",
)

NO_BRIDGE = "no bridge has answered"
"""What `forget` says where its store is well. It names it, in the command that asks again."""

ADDRESS = "@{}"
"""An option whose value is a path behind this sign."""


class Place(NamedTuple):
    """What an option wants at its path, the other words of a run that soon ends, and how the path stands in it."""

    wants: str
    words: tuple[str, ...] = ()
    form: str = "{}"


STORE, OLD_STORE = "a file of SQLite", "a store that is there"
UP = ("--lights", "1", "--port", "0")
"""Ends with the one light, for which there is no MicroPython."""

MEASURE = ("--url", "BRIDGE", "--token", "unknown")
"""Ends as that bridge does not know the token."""

FLASH = ("--port", "x", "--dry-run", "--name", "kitchen", "--wifi-ssid", "home")
PATHS: dict[tuple[str, str], Place] = {
    ("up", "broker"): Place(READ, UP, ADDRESS),
    ("up", "ca_file"): Place(READ, (*UP, "--broker", "mqtts://bridge@127.0.0.1:1")),
    ("up", "state"): Place(FOLDER, UP),
    ("up", "store"): Place(STORE, UP),
    ("up", "metrics_token_file"): Place(READ, UP),
    ("light", "broker"): Place(READ, (), ADDRESS),
    ("light", "ca_file"): Place(READ, ("--broker", "mqtts://kitchen@127.0.0.1:1")),
    ("light", "flash"): Place(FOLDER),
    ("measure", "json_file"): Place(WRITTEN, MEASURE),
    ("measure", "junit_file"): Place(WRITTEN, MEASURE),
    ("token", "state"): Place(OLD_FOLDER, ("--list",)),
    ("token", "store"): Place(OLD_STORE, ("--list",)),
    ("accounts", "folder"): Place(FOLDER, ("kitchen",)),
    ("forget", "state"): Place(OLD_FOLDER, ("kitchen",)),
    ("forget", "store"): Place(OLD_STORE, ("kitchen",)),
    ("forget", "accounts"): Place(READ, ("kitchen", "--store", "STORE")),
    ("flash", "broker"): Place(READ, FLASH, ADDRESS),
    ("flash", "ca_file"): Place(READ, (*FLASH, "--broker", "mqtts://kitchen@host.example")),
    ("flash", "firmware_image"): Place(READ, ("--port", "x", "--dry-run")),
}
"""Each option of the command that takes a path."""

NO_PATHS = {
    ("accounts", "host"), ("accounts", "remove"), ("accounts", "users"), ("flash", "firmware_sha256"),
    ("flash", "name"), ("flash", "port"),
    ("flash", "time_server"), ("flash", "wifi_password"), ("flash", "wifi_ssid"), ("forget", "name"),
    ("light", "fault"), ("light", "heap"), ("light", "name"),
    ("measure", "budget"), ("measure", "light"), ("measure", "token"), ("measure", "url"), ("token", "expires"),
    ("token", "phone"), ("token", "token_id"), ("token", "url"), ("up", "allowed_host"), ("up", "host"),
}  # fmt: skip
"""Each option that takes a text of another sort."""

MODULES = {"presslight.broker.authority": Place(FOLDER, ("--host", "broker.example"))}
"""Each command beside `presslight` that takes a path, as its first word."""

KINDS: dict[str, tuple[str, ...] | None] = {
    "file": (WRITTEN,),
    "store": (WRITTEN, STORE, OLD_STORE),
    "folder": (FOLDER, OLD_FOLDER),
    "file/in a file": (),
    "none/in a missing folder": (FOLDER,),
    "missing": (FOLDER, WRITTEN, STORE),
    "private/unwritable": (),
    "loop": (),
    "": (),
    os.fsdecode(b"not UTF-8 \xff"): (FOLDER, WRITTEN, STORE),
    "long" * 100: (),
    "/proc/self/status": (),
    "/proc/none": (),
    "/dev/full": None,
    "full disk": None,
}
"""Each kind of path, and who may take it; None: any of both. The file holds rubbish: who reads it refuses it."""


def parameters() -> Iterator[tuple[str, Any]]:
    for verb, command in commands():
        for parameter in command.params:
            yield verb, parameter


def commands() -> Iterator[tuple[str, Any]]:
    yield from typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]  # it is a group


def option_of(verb: str, name: str) -> str | None:
    found = next(each for of, each in parameters() if (of, each.name) == (verb, name))
    return next((str(word) for word in found.opts if word.startswith("--")), None)


def test_every_option_that_takes_a_path_is_tried_here() -> None:
    hints = [(verb, get_type_hints(command.callback)) for verb, command in commands()]
    texts = {
        (verb, name)
        for verb, types in hints
        for name, kind in types.items()
        if "str" in str(kind) or "Path" in str(kind)
    }
    assert texts == PATHS.keys() | NO_PATHS


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One for all of them."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


class Run(NamedTuple):
    """A command, its words, the path among them, its kind and what it is for."""

    module: str
    words: list[str]
    path: str
    kind: str
    wants: str


def runs(folder: Path, store: Path) -> Iterator[Run]:
    commands = [("presslight", [verb, option_of(verb, name)], place) for (verb, name), place in PATHS.items()]
    commands += [(module, [], place) for module, place in MODULES.items()]
    for number, (kind, (module, before, place)) in enumerate(product(KINDS, commands)):
        path = path_of(kind, folder / str(number), store)
        words = [*filter(None, before), place.form.format(path), *place.words]
        yield Run(module, words, path, kind, place.wants)


def path_of(kind: str, folder: Path, store: Path) -> str:
    """A path of this kind, in a folder of its own, with what is around it."""
    folder.mkdir()
    (folder / "file").write_text("rubbish")
    (folder / "folder").mkdir()
    shutil.copy(store, folder / "store")
    shutil.copy(store, folder / "folder" / "presses.db")
    (folder / "loop").symlink_to("loop")
    (folder / "private").mkdir(mode=0o555)
    return kind and str(folder / kind)


@pytest.mark.timeout(300)  # of 300 commands, a minute on a busy machine
async def test_path_of_every_kind_is_taken_or_refused_in_one_line(folder: Path) -> None:
    store = folder / "presses.db"
    with patient(store):  # now it is as a bridge leaves it
        pass
    asked = list(runs(folder, store))
    async with FakeBridge() as bridge:
        given = {"BRIDGE": bridge.url, "STORE": str(store)}
        words = [[given.get(word, word) for word in run.words] for run in asked]
        answers = await answered(
            [(run.module, words, run.kind) for run, words in zip(asked, words, strict=True)], folder
        )
    both = zip(asked, answers, strict=True)
    wrong = [f"{run.kind!r}: {run.words}: {answer}" for run, answer in both if is_wrong(run, *answer)]
    assert not wrong, "\n".join(wrong)


async def answered(asked: list[tuple[str, list[str], str]], folder: Path) -> list[tuple[int, str, str]]:
    """How each command ended, and what it printed."""
    own = {"PATH": os.environ["PATH"], "PRESSLIGHT_MICROPYTHON": "/no/such/program", "HOME": str(folder)}
    command = (sys.executable, "-m", "tests.presslight.paths")
    runner = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=own, stdin=PIPE, stdout=PIPE)
    try:
        told, _ = await runner.communicate(json.dumps(asked).encode())
    finally:
        if runner.returncode is None:  # it would go on making folders
            runner.kill()
            await runner.wait()
    answers: list[tuple[int, str, str]] = json.loads(told)
    return answers


def is_wrong(run: Run, code: int, out: str, err: str) -> bool:
    """Whether it ended neither with 0 nor with 2 and one line, which names the path just where that is at fault."""
    takers = KINDS[run.kind]
    if code != 0 and (code != 2 or err.count("\n") != 1 or "Traceback" in out + err):
        return True
    if "no bridge has answered" in err:  # the path is taken, and stands in the command to repeat
        return takers is not None and run.wants not in takers
    is_refused = code != 0 and (printable(Path(run.path).name) in err if run.path else "empty" in err)
    is_refused = is_refused and NO_BRIDGE not in err
    return takers is not None and is_refused is (run.wants in takers)
