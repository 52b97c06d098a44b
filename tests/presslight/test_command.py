from importlib.metadata import version

from typer.testing import CliRunner

from presslight.command import app


def test_version_is_printed_without_a_verb() -> None:
    run = CliRunner().invoke(app, ["--version"])
    assert (run.exit_code, run.stdout) == (0, f"presslight {version('presslight')}\n")


def test_no_verb_shows_what_there_is_and_exits_2() -> None:
    run = CliRunner().invoke(app, [])
    assert run.exit_code == 2
    assert "measure" in run.output
