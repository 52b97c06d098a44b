"""What the command has, and what a verb loads before it is told anything."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from presslight.command import NAMES, app

WAIT_S = 60
SERVERS = {"amqtt", "aiomqtt", "presslight.cloud.app", "fastapi", "prometheus_client", "structlog", "uvicorn"}
"""What only a stack that is started needs; together they take longer to load than any verb takes."""
LOOPS = {"asyncio", "uvloop"}
PARTS = {"broker", "cloud", "mobile_sim"}


def test_version_is_printed_without_a_verb() -> None:
    run = CliRunner().invoke(app, ["--version"])
    assert (run.exit_code, run.stdout) == (0, f"presslight {version('presslight')}\n")


def test_no_verb_shows_what_there_is_and_exits_2() -> None:
    run = CliRunner().invoke(app, [])
    assert run.exit_code == 2
    assert all(name in run.output for name in NAMES)


def test_a_verb_with_a_slip_is_guessed_and_another_refused() -> None:
    guessed, refused = (CliRunner().invoke(app, [word]) for word in ("tokn", "xyz"))
    assert (guessed.exit_code, refused.exit_code) == (2, 2)
    assert "Did you mean 'token'?" in guessed.output
    assert "No such command 'xyz'." in refused.output


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [
        (["--version"], SERVERS | LOOPS | PARTS),
        (["--help"], SERVERS),  # it loads every verb
        (["up", "--broker", "nowhere"], SERVERS | {"presslight.mobile_sim.phone"}),
        (["measure", "--url", "http://127.0.0.1:1", "--token", "none"], SERVERS),
        (
            ["token", "--list", "--state", "."],
            SERVERS | {"presslight.mobile_sim.phone", "uvloop", "presslight.broker.accounts"},
        ),
        (["accounts", ".", "kitchen"], SERVERS | LOOPS | {"cloud", "mobile_sim"}),
        (["flash", "--port", "none", "--dry-run"], SERVERS | {"broker", "cloud", "mobile_sim"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_verb_loads_nothing_that_only_others_need(tmp_path: Path, words: list[str], unneeded: set[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "presslight", *words],
        check=False, cwd=tmp_path, capture_output=True, text=True, timeout=WAIT_S,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if line.startswith("import time:")}
    assert "presslight.command" in loaded
    assert loaded & unneeded == set()
