"""Users and passwords: random, hashed on disk, never shown."""

import base64
import errno
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from presslight.broker.accounts import Accounts, hash_password
from presslight.broker.errors import BadCredentials, UnknownUser


def test_made_accounts_have_a_long_password_each_and_one_for_the_bridge() -> None:
    accounts = Accounts.make(["kitchen", "hall"])
    assert accounts.users == ("bridge", "hall", "kitchen")
    passwords = {accounts.password(user) for user in accounts.users}
    assert len(passwords) == 3
    assert all(len(base64.urlsafe_b64decode(password + "=" * (-len(password) % 4))) >= 16 for password in passwords)


def test_added_light_gets_a_password_and_the_others_keep_theirs() -> None:
    accounts = Accounts.make(["kitchen"])
    before = accounts.password("kitchen")
    for user in ("kitchen", "attic"):
        accounts.add(user)
    assert accounts.password("kitchen") == before
    assert accounts.verify("attic", accounts.password("attic").encode())


@pytest.mark.parametrize(
    "name", ["", "Kitchen", "a/b", "+", "#", "a b", "x" * 33, "kitchen\nroot", "bridge-", "bridge-A/+"]
)
def test_name_that_no_topic_could_hold_is_refused(name: str) -> None:
    with pytest.raises(BadCredentials):
        Accounts.make([name])


def test_verify_takes_the_right_password_of_a_known_user_only() -> None:
    accounts = Accounts.make(["kitchen", "hall"])
    right = accounts.password("kitchen").encode()
    assert accounts.verify("kitchen", right)
    for user, password in [("kitchen", b""), ("kitchen", right + b"x"), ("hall", right), ("attic", b""), ("", b"")]:
        assert not accounts.verify(user, password)


def test_repr_and_errors_show_no_password(tmp_path: Path) -> None:
    accounts = Accounts.make(["kitchen"])
    secret = accounts.password("kitchen")
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"kitchen": [secret]}))
    with pytest.raises(BadCredentials) as broken:
        Accounts.load(file)
    with pytest.raises(UnknownUser) as unknown:
        accounts.password("attic")
    assert not any(secret in shown for shown in (repr(accounts), str(accounts), str(broken.value), str(unknown.value)))


def test_saved_accounts_are_loaded_again_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    accounts = Accounts.make(["kitchen"])
    file = tmp_path / "credentials.json"
    accounts.save(file)
    accounts.add("hall")
    accounts.save(file)
    again = Accounts.load(file)
    assert [again.password(user) for user in again.users] == [accounts.password(user) for user in accounts.users]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [left.name for left in tmp_path.iterdir()] == ["credentials.json"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"kitchen": 1}', '{"Not a name": "x"}', "null", "\x00"])
def test_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(text)
    with pytest.raises(BadCredentials):
        Accounts.load(file)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCredentials):
        Accounts.load(tmp_path / "nothing")


def test_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "credentials.json"
    Accounts.make(["kitchen"]).save(file)
    before = file.read_text()
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "disk full")))
    with pytest.raises(OSError, match="disk full"):
        Accounts.make(["hall"]).save(file)
    assert file.read_text() == before
    assert [left.name for left in tmp_path.iterdir()] == ["credentials.json"]


@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_save_that_is_interrupted_leaves_no_passwords_beside_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    file = tmp_path / "credentials.json"
    Accounts.make(["kitchen"]).save(file)
    before = file.read_text()
    monkeypatch.setattr(os, call, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        Accounts.make(["hall"]).save(file)
    assert file.read_text() == before
    assert [left.name for left in tmp_path.iterdir()] == ["credentials.json"]


def test_hashed_file_has_mosquitto_s_form_and_no_clear_password(tmp_path: Path) -> None:
    accounts = Accounts.make(["kitchen"])
    accounts.save_hashed(tmp_path / "passwords")
    lines = dict(line.split(":") for line in (tmp_path / "passwords").read_text().splitlines())
    assert sorted(lines) == ["bridge", "kitchen"]
    for user, line in lines.items():
        _, kind, rounds, salt, digest = line.split("$")
        expected = hashlib.pbkdf2_hmac(
            "sha512", accounts.password(user).encode(), base64.b64decode(salt), int(rounds), dklen=64
        )
        assert (kind, base64.b64decode(digest)) == ("7", expected)
        assert accounts.password(user) not in line


def test_same_password_is_hashed_differently_each_time() -> None:
    assert hash_password("x") != hash_password("x")
    assert hash_password("x", b"salt") == hash_password("x", b"salt")


@pytest.mark.skipif(not shutil.which("mosquitto_passwd"), reason="comes with Mosquitto")
def test_mosquitto_s_own_tool_writes_the_same_form(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(file), "kitchen", "secret"], check=True, capture_output=True)
    _, line = file.read_text().strip().split(":")
    assert hash_password("secret", base64.b64decode(line.split("$")[3])) == line
