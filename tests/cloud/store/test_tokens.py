from pathlib import Path

import pytest

from presslight.cloud.store.database import Address, patient
from presslight.cloud.store.tokens import hash_of, issue_token, list_tokens, revoke_token, revoke_tokens
from presslight.contract.errors import Invalid


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
    assert {issued.hash for issued in revoke_tokens(store, "ann")} == {hash_of(ann), hash_of(again)}
    assert revoke_tokens(store, "ann") == []
    assert [good(store, token) for token in (ann, again, bob)] == [False, False, True]


def test_list_names_phones_and_no_token(store: Address) -> None:
    tokens = [issue_token(store, "ann"), issue_token(store, "bob")]
    listed = list_tokens(store)
    assert {issued.phone for issued in listed} == {"ann", "bob"}
    assert {issued.id for issued in listed} == {hash_of(token).hex()[:12] for token in tokens}
    assert all(issued.issued_at > 10**9 for issued in listed)


def test_token_is_revoked_by_its_id_alone(store: Address) -> None:
    tokens = [issue_token(store, "ann"), issue_token(store, "ann")]
    first = next(issued for issued in list_tokens(store) if issued.hash == hash_of(tokens[0]))
    assert revoke_token(store, first.id) == [first]
    assert revoke_token(store, first.id) == revoke_token(store, "") == []
    assert [good(store, token) for token in tokens] == [False, True]


def test_list_says_until_when_a_token_is_good(store: Address) -> None:
    issue_token(store, "ann", lasts_s=60)
    issue_token(store, "bob")
    ann, bob = sorted(list_tokens(store), key=lambda issued: issued.phone)
    assert ann.expires_at == ann.issued_at + 60
    assert (bob.expires_at, bob.used_at) == (None, None)


def test_nothing_of_a_revoked_token_stays(store: Address) -> None:
    issue_token(store, "ann", lasts_s=60)
    revoke_tokens(store, "ann")
    with patient(store) as database:
        assert database.run("SELECT 1 FROM token_times") == []


@pytest.mark.parametrize(
    "name", ["", " ", " ann", "ann ", "a\x00b", "a\nb", "\x1b[31m", "\u202eann", "\udc80", "a" * 65]
)
def test_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="phone's name"):
        issue_token(tmp_path / "presses.db", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a", "a" * 64, "Ada's phone", "[bold]", "Zoë 📱"])
def test_name_that_people_give_is_taken(tmp_path: Path, name: str) -> None:
    issue_token(tmp_path / "presses.db", name)
    assert [issued.phone for issued in list_tokens(tmp_path / "presses.db")] == [name]
