from pathlib import Path

import pytest

from cloud.database import Address, patient
from cloud.tokens import hash_of, issue_token, list_tokens, revoke_tokens


@pytest.fixture
def store(address: Address) -> Address:
    return address


def good(store: Address, token: str) -> bool:
    with patient(store) as database:
        return bool(database.run("SELECT 1 FROM tokens WHERE hash = ?", (hash_of(token),)))


def test_issued_token_is_good_and_long(store: Address) -> None:
    token = issue_token(store, "ann")
    assert good(store, token)
    assert len(token) == 43
    assert issue_token(store, "ann") != token


def test_clear_text_is_kept_nowhere(tmp_path: Path) -> None:
    token = issue_token(tmp_path / "presses.db", "ann")
    for file in tmp_path.iterdir():
        assert token.encode() not in file.read_bytes()


def test_revoked_tokens_are_good_no_more(store: Address) -> None:
    ann, again, bob = issue_token(store, "ann"), issue_token(store, "ann"), issue_token(store, "bob")
    assert revoke_tokens(store, "ann") == 2
    assert revoke_tokens(store, "ann") == 0
    assert [good(store, token) for token in (ann, again, bob)] == [False, False, True]


def test_list_names_phones_and_no_token(store: Address) -> None:
    tokens = [issue_token(store, "ann"), issue_token(store, "bob")]
    listed = list_tokens(store)
    assert {issued.phone for issued in listed} == {"ann", "bob"}
    assert {issued.name for issued in listed} == {hash_of(token).hex()[:8] for token in tokens}
    assert all(issued.issued_at > 10**9 for issued in listed)
