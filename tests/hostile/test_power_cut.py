"""The power of the bridge's machine is cut at the worst moment: what was written and not synced is gone.

No file can be asked what of it is on the disk, so the bridge's calls to the system are listened to with strace, in
order: what the store's files were when they were last synced is what a power cut leaves of them.
"""

import ast
import asyncio
import os
import re
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.cloud.raw_phone import WAIT_S

CALL = re.compile(r"(\d+) +(\w+)\(\d+<([^>]*)>(.*)")
TEXT = re.compile(r'^, ("(?:[^"\\]|\\.)*")|iov_base=("(?:[^"\\]|\\.)*")')
RESUMED = re.compile(r"(\d+) +<\.\.\. (?:fdatasync|fsync) resumed>.*= 0")
TRACED = "pwrite64,ftruncate,fdatasync,fsync,write,writev,sendto,sendmsg"
SYNCS = ("fdatasync", "fsync")


class Call(NamedTuple):
    """A call: of which thread, on which file or socket, with which bytes, and the rest as it was written."""

    thread: str
    name: str
    file: str
    data: bytes
    rest: str


def read(line: str) -> Call | None:
    found = CALL.match(line)
    if found is None:
        return None
    thread, name, file, rest = found.groups()
    data = b"".join(ast.literal_eval(f"b{whole or part}") for whole, part in TEXT.findall(rest))
    return Call(thread, name, file, data, rest)


class Disk:
    """The store's files, as they are and as they were synced."""

    def __init__(self, store: Path) -> None:
        self._files = {str(store): bytearray(), f"{store}-wal": bytearray()}
        self._begun: dict[str, tuple[str, bytes]] = {}
        self.synced: dict[str, bytes] = {}

    def take(self, line: str) -> None:
        call = read(line)
        if call is None:
            if ended := RESUMED.match(line):
                self._sync(ended[1])
        elif call.file in self._files:
            self._do(call)

    def _do(self, call: Call) -> None:
        content = self._files[call.file]
        if call.name == "pwrite64":
            offset = int(re.findall(r", (\d+)", call.rest)[-1])
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(call.data)] = call.data
        elif call.name == "ftruncate":
            del content[int(re.findall(r", (\d+)", call.rest)[0]) :]
        elif call.name in SYNCS:
            self._begun[call.thread] = (call.file, bytes(content))
            if call.rest.endswith("= 0"):
                self._sync(call.thread)

    def _sync(self, thread: str) -> None:
        if thread in self._begun:
            file, content = self._begun.pop(thread)
            self.synced[file] = content


def left_by_a_cut(trace: list[str], store: Path, folder: Path) -> list[tuple[str, str]]:
    """Keys and words of the store that is left when the power is cut after these calls."""
    disk = Disk(store)
    for line in trace:
        disk.take(line)
    folder.mkdir()
    for file, content in disk.synced.items():
        (folder / Path(file).name).write_bytes(content)
    with closing(sqlite3.connect(folder / store.name)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'presses'").fetchall():
            return []
        return db.execute("SELECT key, word FROM presses").fetchall()


class House:
    """A house in a process of its own whose calls are written down."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "state" / "presses.db"
        self.trace = folder / "trace"
        self.url = self.token = ""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("there is no strace on this machine, so nobody can tell what is on the disk")
    trial = await asyncio.create_subprocess_exec(strace, "-o", os.devnull, "true", stderr=asyncio.subprocess.DEVNULL)
    if await trial.wait():
        pytest.skip("strace may trace nothing on this machine, so nobody can tell what is on the disk")
    made = House(tmp_path)
    command = [
        strace, "-f", "-y", "-s", "100000", "-e", f"trace={TRACED}", "-o", str(made.trace),
        sys.executable, "-m", "presslight", "up", "--demo", "--lights", "1", "--port", "0",
        "--state", str(made.store.parent),
    ]  # fmt: skip
    up = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert up.stdout
        async with asyncio.timeout(3 * WAIT_S):
            printed = (await up.stdout.readuntil(b"Ctrl-C ends it.")).decode()
        found = re.search(r"(http://[0-9.:]+)/#token=(\S+)", printed)
        assert found
        made.url, made.token = found.groups()
        yield made
    finally:
        end_traced(up.pid)
        await up.communicate()


async def has_light(http: httpx.AsyncClient) -> None:
    """Return once the light is online."""
    async with asyncio.timeout(WAIT_S):
        while not any(light["online"] for light in (await http.get("/api/lights")).json()["lights"]):
            pass


def end_traced(pid: int) -> None:
    """End what strace runs; strace itself heeds no signal meanwhile, and ends with it."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        os.kill(int(child), signal.SIGINT)


def moment_of(trace: list[str], *words: bytes) -> int:
    """Before which call something with these words leaves the bridge for a socket."""
    for number, line in enumerate(trace):
        call = read(line)
        if (
            call is not None
            and call.file.startswith(("socket:", "TCP:"))
            and all(status in call.data for status in words)
        ):
            return number
    raise AssertionError(f"nothing with {words} was sent")


async def test_press_without_a_deadline_is_on_the_disk_before_anything_acts_or_is_said(
    house: House, tmp_path: Path
) -> None:
    signed = {"Authorization": f"Bearer {house.token}", "Prefer": "wait=10"}
    async with httpx.AsyncClient(base_url=house.url, headers=signed, timeout=WAIT_S) as http:
        await has_light(http)
        keys: list[str] = []
        for state in ("ON", "OFF", "ON"):
            text = f"the-press-of-{state}-{len(keys)}"
            answer = await http.post(
                "/api/lights/kitchen/presses", headers={"Idempotency-Key": text}, json={"state": state}
            )
            assert answer.json()["status"] == "applied"
            keys.append(answer.json()["key"])
    trace = house.trace.read_text(encoding="latin-1").splitlines()
    for number, key in enumerate(keys):
        published = moment_of(trace, b"presslight/light/kitchen/set", key.encode())
        told = moment_of(trace, b'"type":"outcome"', key.encode())
        for moment, at in (("published", published), ("told", told)):
            left = left_by_a_cut(trace[:at], house.store, tmp_path / f"{moment}-{number}")
            assert key in [kept for kept, _ in left], moment
