"""`presslight token` without a bridge that runs."""

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from presslight.cloud.store.database import patient
from presslight.cloud.store.tokens import list_tokens
from presslight.command import app
from tests.postgres import PostgresServer


def call(*words: str) -> Result:
    return CliRunner().invoke(app, ["token", *words])


def store_in(postgres: PostgresServer) -> str:
    """A database in which a bridge has made its store."""
    url = postgres.new_database()
    with patient(url):
        return url


@pytest.fixture
def state(tmp_path: Path) -> str:
    """The folder of a bridge."""
    with patient(tmp_path / "presses.db"):
        return str(tmp_path)


def refused(*words: str) -> str:
    answer = call(*words)
    assert (answer.exit_code, answer.stdout, answer.stderr.count("\n")) == (2, "", 1)
    return answer.stderr


def test_token_in_postgresql_is_issued_listed_and_revoked(postgres: PostgresServer) -> None:
    url = store_in(postgres)
    issued = call("--store", url, "--phone", "ada")
    assert (issued.exit_code, len(issued.stdout.strip())) == (0, 43)
    assert [known.phone for known in list_tokens(url)] == ["ada"]
    assert "ada" in call("--store", url, "--list").stdout
    assert call("--store", url, "--phone", "ada", "--revoke").stdout == "1 revoked\n"
    assert list_tokens(url) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--state or --store"),
        (["--store", "mysql://host/house"], "postgresql://user@host/database"),
        (["--store", "postgresql://ann:s3cret@host/house"], "PGPASSWORD"),
        (["--store", "postgresql://ann@127.0.0.1:1/house"], "cannot open the store"),
    ],
)
def test_store_that_cannot_be_used_is_one_line(words: list[str], said: str) -> None:
    answer = call(*words)
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert "s3cret" not in answer.stderr


def test_tokens_of_one_name_are_all_named_as_they_go(state: str) -> None:
    for phone in ("ada", "ada", "bea"):
        call("--state", state, "--phone", phone)
    ada, again, bea = (
        issued.id for issued in sorted(list_tokens(Path(state) / "presses.db"), key=lambda one: one.phone)
    )
    told = call("--state", state, "--phone", "ada", "--revoke").stdout
    assert told.endswith("\n2 revoked\n")
    assert [told.count(one) for one in (ada, again, bea)] == [1, 1, 0]


def test_token_is_revoked_by_its_id(state: str) -> None:
    for _ in range(2):
        call("--state", state, "--phone", "ada")
    first, second = list_tokens(Path(state) / "presses.db")
    assert call("--state", state, "--revoke", "--id", first.id).stdout == "1 revoked\n"
    assert list_tokens(Path(state) / "presses.db") == [second]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--revoke", "--phone", "nobody"], "no token of nobody"),
        (["--revoke", "--id", "0123456789ab"], "no token of 0123456789ab"),
        (["--revoke"], "--id"),
        (["--revoke", "--id", "0123456789ab", "--phone", "ada"], "--id"),
        (["--id", "0123456789ab"], "--revoke"),
        (["--list", "--id", "0123456789ab"], "--id is ignored"),
        (["--list", "--expires", "30d"], "--expires is for a new token"),
        (["--expires", "soon"], "30d"),
        (["--phone", ""], "1 to 64"),
        (["--phone", "a" * 65], "1 to 64"),
        (["--phone", "a\x1b[2Jb"], "printable"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_changes_nothing(state: str, words: list[str], said: str) -> None:
    call("--state", state, "--phone", "ada")
    before = list_tokens(Path(state) / "presses.db")
    assert said in refused("--state", state, *words)
    assert list_tokens(Path(state) / "presses.db") == before


@pytest.mark.parametrize("words", [[], ["--list"], ["--revoke", "--phone", "ada"]])
def test_folder_without_a_store_is_one_line_and_gets_none(tmp_path: Path, words: list[str]) -> None:
    assert "there is no store" in refused("--state", str(tmp_path), *words)
    assert "there is no store" in refused("--store", str(tmp_path / "my.db"), *words)
    assert list(tmp_path.iterdir()) == []


def test_database_without_a_store_is_one_line_and_gets_none(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    for _ in range(2):
        assert "there is no store" in refused("--store", url)


def test_token_that_expires_says_so_in_the_list(state: str) -> None:
    call("--state", state, "--phone", "ada [bold]", "--expires", "30d")
    (issued,) = list_tokens(Path(state) / "presses.db")
    assert issued.expires_at == issued.issued_at + 30 * 86_400
    listed = call("--state", state, "--list").stdout
    assert all(word in listed for word in (issued.id, "ada [bold]", "never"))
    assert time.strftime("%Y-%m-%d", time.localtime(issued.expires_at)) in listed
