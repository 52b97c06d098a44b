"""The certificate authority: what it makes, what it refuses, and that TLS stacks believe it."""

import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from presslight.broker.authority import Authority, alternative_names
from presslight.broker.errors import AuthorityExists, AuthorityMissing, OpensslFailed, OpensslMissing
from tests.certificates import shake_hands


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "authority")
    made.create(["broker.home", "192.168.1.2", "::1"])
    return made


def shown(certificate: Path, *words: str) -> str:
    command = ["openssl", "x509", "-in", str(certificate), "-noout", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def handshake(authority: Authority, ca: Path, host: str) -> None:
    shake_hands(ca, authority.certificate, authority.key, host)


@pytest.mark.parametrize("host", ["broker.home", "192.168.1.2", "::1"])
def test_server_is_believed_under_each_of_its_names(authority: Authority, host: str) -> None:
    handshake(authority, authority.ca, host)


def test_server_is_not_believed_under_another_name(authority: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(authority, authority.ca, "other.home")


def test_folder_holds_four_files_for_their_owner_alone(authority: Authority) -> None:
    modes = {file.name: file.stat().st_mode & 0o777 for file in authority.folder.iterdir()}
    assert modes == dict.fromkeys(("ca.crt", "ca.key", "server.crt", "server.key"), 0o600)
    assert authority.folder.stat().st_mode & 0o777 == 0o700


def test_certificates_say_what_they_may_be_used_for(authority: Authority) -> None:
    ca, server = (shown(file, "-text") for file in (authority.ca, authority.certificate))
    assert "CA:TRUE, pathlen:0" in ca
    assert "Certificate Sign, CRL Sign" in ca
    assert "CA:FALSE" in server
    assert "TLS Web Server Authentication" in server
    assert "DNS:broker.home, IP Address:192.168.1.2, IP Address:0:0:0:0:0:0:0:1" in server
    assert all("NIST CURVE: P-256" in text for text in (ca, server))


def test_certificates_are_valid_for_clocks_that_are_behind_and_no_longer_than_accepted(authority: Authority) -> None:
    ca, server = (x509.load_pem_x509_certificate(file.read_bytes()) for file in (authority.ca, authority.certificate))
    a_day_ago = datetime.now(UTC) - timedelta(days=1)
    assert max(ca.not_valid_before_utc, server.not_valid_before_utc) < a_day_ago
    assert server.not_valid_after_utc - server.not_valid_before_utc <= timedelta(days=825)
    assert ca.not_valid_after_utc > server.not_valid_after_utc


@pytest.mark.parametrize("name", ["a b", "a$HOME", "a\\b", "a#b", "a;b", "ü", "100%"])
def test_folder_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    made = Authority(Path(name))
    made.create(["broker.home"])
    made.renew(["broker.home"])
    handshake(made, made.ca, "broker.home")


def test_two_at_once_make_one_authority(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "presslight.broker.authority", str(tmp_path / "tls"), "--host", "127.0.0.1")
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 2], said
    assert "already" in "".join(said)
    made = Authority(tmp_path / "tls")
    handshake(made, made.ca, "127.0.0.1")


def test_create_refuses_to_overwrite(authority: Authority) -> None:
    before = {file.name: file.read_bytes() for file in authority.folder.iterdir()}
    with pytest.raises(AuthorityExists, match=r"ca\.crt.*--renew"):
        authority.create(["broker.home"])
    assert {file.name: file.read_bytes() for file in authority.folder.iterdir()} == before


def test_create_that_fails_leaves_nothing(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with pytest.raises(OpensslFailed):
        authority.create(["not a host"])
    assert list(tmp_path.iterdir()) == []


def test_renewed_server_is_believed_by_who_trusts_the_old_ca(authority: Authority) -> None:
    ca, key, serial = authority.ca.read_bytes(), authority.key.read_bytes(), shown(authority.certificate, "-serial")
    authority.renew(["broker.home", "new.home"])
    handshake(authority, authority.ca, "new.home")
    assert authority.ca.read_bytes() == ca
    assert authority.key.read_bytes() != key
    assert shown(authority.certificate, "-serial") != serial
    assert sorted(file.name for file in authority.folder.iterdir()) == ["ca.crt", "ca.key", "server.crt", "server.key"]


def test_renew_needs_an_authority(tmp_path: Path) -> None:
    with pytest.raises(AuthorityMissing):
        Authority(tmp_path).renew(["broker.home"])


def test_openssl_that_does_not_end_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "openssl"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr("presslight.broker.authority.OPENSSL_TIMEOUT_S", 0.1)
    with pytest.raises(OpensslFailed, match=r"^openssl genpkey took longer than 0\.1 s$"):
        Authority(tmp_path / "made").create(["broker.example"])


def test_missing_openssl_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OpensslMissing, match="apt-get install openssl") as told:
        Authority(tmp_path).create(["broker.home"])
    assert told.value.code == "openssl_missing"


@pytest.mark.parametrize("host", ["", "a b", "a,DNS:b", "a\nb", "über.home", "a_b", "*.home"])
def test_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(OpensslFailed):
        alternative_names([host])


def test_command_makes_and_renews_and_says_what_is_wrong(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "presslight.broker.authority",
            str(tmp_path / "made"),
            "--host",
            "broker.home",
            *words,
        ]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    assert run("--renew").returncode == 2
    assert run("--host", "a b").returncode == 2
    assert not (tmp_path / "made").exists()
    assert run().returncode == 0
    again = run()
    assert (again.returncode, again.stdout) == (2, "")
    assert len(again.stderr.splitlines()) == 1
    assert run("--renew").returncode == 0
