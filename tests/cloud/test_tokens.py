from pathlib import Path

import pytest

from cloud.schema import connect
from cloud.tokens import hash_of, issue_token, list_tokens, revoke_tokens


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "presses.db"


def good(path: Path, token: str) -> bool:
    db = connect(path, 1)
    found = db.execute("SELECT 1 FROM tokens WHERE hash = ?", (hash_of(token),)).fetchone()
    db.close()
    return found is not None


def test_issued_token_is_good_and_long(path: Path) -> None:
    token = issue_token(path, "ann")
    assert good(path, token)
    assert len(token) == 43
    assert issue_token(path, "ann") != token


def test_clear_text_is_kept_nowhere(path: Path) -> None:
    token = issue_token(path, "ann")
    for file in path.parent.iterdir():
        assert token.encode() not in file.read_bytes()


def test_revoked_tokens_are_good_no_more(path: Path) -> None:
    ann, again, bob = issue_token(path, "ann"), issue_token(path, "ann"), issue_token(path, "bob")
    assert revoke_tokens(path, "ann") == 2
    assert revoke_tokens(path, "ann") == 0
    assert [good(path, token) for token in (ann, again, bob)] == [False, False, True]


def test_list_names_phones_and_no_token(path: Path) -> None:
    tokens = [issue_token(path, "ann"), issue_token(path, "bob")]
    listed = list_tokens(path)
    assert {issued.phone for issued in listed} == {"ann", "bob"}
    assert {issued.name for issued in listed} == {hash_of(token).hex()[:8] for token in tokens}
    assert all(issued.issued_at > 10**9 for issued in listed)
