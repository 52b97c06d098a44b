"""`presslight token` where the tokens are in a store of their own."""

import pytest
from typer.testing import CliRunner, Result

from cloud.tokens import list_tokens
from presslight.command import app
from tests.postgres import PostgresServer


def call(*words: str) -> Result:
    return CliRunner().invoke(app, ["token", *words])


def test_token_in_postgresql_is_issued_listed_and_revoked(postgres: PostgresServer) -> None:
    url = postgres.new_database()
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
