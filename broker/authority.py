"""A private certificate authority: the CA that lights and bridge trust, and the broker's certificate, signed by it.

`python -m presslight.broker.authority FOLDER --host NAME…` makes both; with `--renew` only the broker's certificate,
so that no light needs a new CA. It runs the `openssl` command: the package `cryptography` would be one more dependency
for a task of once in years. Keys are EC P-256 (RFC 5480), readable by their owner only.
"""

import argparse
import ipaddress
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from presslight.broker.errors import AuthorityExists, AuthorityMissing, BrokerError, OpensslFailed, OpensslMissing
from presslight.broker.kept_files import only_writer, replace_files
from presslight.contract.errors import printable, sentence

CA_DAYS = 20 * 365
SERVER_DAYS = 825
"""The longest validity that Apple's clients accept, including the days before today."""

BACK_DAYS = 30
"""Days by which certificates are backdated, so that a light with a slow clock accepts a new one."""

DATE = "%Y%m%d%H%M%SZ"
SETTINGS, REQUEST = "openssl.cnf", "request.csr"

OPENSSL_TIMEOUT_S = 30

CA_SECTIONS = """
[req]
prompt = no
distinguished_name = name
[name]
CN = presslight home authority
[extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""

SERVER_SECTIONS = """
[req]
prompt = no
distinguished_name = name
[name]
CN = presslight broker
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""

SIGNING_SECTIONS = """
[ca]
default_ca = signing
[signing]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = policy
x509_extensions = extensions
[policy]
commonName = supplied
"""
"""For `openssl ca`, which alone can backdate a certificate before OpenSSL 3.4, and needs an (empty) database."""


@dataclass(frozen=True)
class Authority:
    """The files of an authority in `folder`. `ca` goes to lights and bridge; `ca_key` stays secret."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The CA's certificate (PEM), the only file that clients need."""
        return self.folder / "ca.crt"

    @property
    def ca_key(self) -> Path:
        """The CA's private key (PEM), needed only to renew."""
        return self.folder / "ca.key"

    @property
    def certificate(self) -> Path:
        """The broker's certificate (PEM)."""
        return self.folder / "server.crt"

    @property
    def key(self) -> Path:
        """The broker's private key (PEM)."""
        return self.folder / "server.key"

    def create(self, hosts: Iterable[str]) -> None:
        """Create the CA and a certificate for `hosts`. Raises AuthorityExists, OpensslMissing, OpensslFailed."""
        alternative_names(hosts := tuple(hosts))
        with only_writer(self.folder):
            self._create(hosts)

    def _create(self, hosts: Iterable[str]) -> None:
        if existing := [file.name for file in (self.ca, self.ca_key, self.certificate, self.key) if file.exists()]:
            keep = (
                "--renew keeps the CA"
                if self._can_sign()
                else "move these files away first: the authority is incomplete"
            )
            raise AuthorityExists(f"{printable(self.folder)} holds {', '.join(existing)} already; {keep}")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            made = Authority(Path(scratch))
            made._sign_ca()
            made._sign_server(hosts)
            for file in (made.ca_key, made.ca, made.key, made.certificate):
                file.replace(self.folder / file.name)

    def renew(self, hosts: Iterable[str]) -> None:
        """Replace the broker's certificate and key, signed by the same CA. Raises AuthorityMissing and as `create`."""
        alternative_names(hosts := tuple(hosts))
        with only_writer(self.folder):
            self._renew(hosts)

    def _renew(self, hosts: Iterable[str]) -> None:
        if not self._can_sign():
            raise AuthorityMissing(f"{printable(self.folder)} has no ca.crt and ca.key to sign with")
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            made = Authority(Path(scratch))
            for file in (self.ca, self.ca_key):
                (made.folder / file.name).symlink_to(file.absolute())
            made._sign_server(hosts)
            made.key.replace(self.key)
            made.certificate.replace(self.certificate)

    def _can_sign(self) -> bool:
        return self.ca.exists() and self.ca_key.exists()

    def _sign_ca(self) -> None:
        self._sign(CA_SECTIONS, self.ca_key, self.ca, CA_DAYS, "-selfsign", "-keyfile", self.ca_key.name)

    def _sign_server(self, hosts: Iterable[str]) -> None:
        sections = SERVER_SECTIONS.format(names=alternative_names(hosts))
        signer = "-cert", self.ca.name, "-keyfile", self.ca_key.name
        self._sign(sections, self.key, self.certificate, SERVER_DAYS, *signer)

    def _sign(self, sections: str, key: Path, certificate: Path, days: int, *signer: str) -> None:
        texts = {SETTINGS: sections + SIGNING_SECTIONS, "index.txt": "", "serial": f"{os.urandom(16).hex()}\n"}
        replace_files({self.folder / name: text for name, text in texts.items()})
        start = datetime.now(UTC) - timedelta(days=BACK_DAYS)
        dates = "-startdate", f"{start:{DATE}}", "-enddate", f"{start + timedelta(days=days):{DATE}}"
        for arguments in (
            ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key.name),
            ("req", "-new", "-sha256", "-config", SETTINGS, "-key", key.name, "-out", REQUEST),
            ("ca", "-batch", "-notext", "-config", SETTINGS, "-in", REQUEST, "-out", certificate.name, *dates, *signer),
        ):
            _openssl(self.folder, *arguments)


def alternative_names(hosts: Iterable[str]) -> str:
    """The hosts as openssl's subjectAltName: `DNS:…` and `IP:…` (RFC 5280, 4.2.1.6). Raises OpensslFailed."""
    return ", ".join(_alternative_name(host) for host in hosts)


def _alternative_name(host: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(host)}"
    except ValueError:
        if not host or not host.isascii() or not all(part.replace("-", "").isalnum() for part in host.split(".")):
            raise OpensslFailed(f"{host!r} is neither a host name nor an address") from None
        return f"DNS:{host}"


def _openssl(folder: Path, *arguments: str) -> None:
    """Run openssl in `folder`: its configuration cannot quote every path."""
    command = shutil.which("openssl")
    if command is None:
        raise OpensslMissing("there is no openssl on this machine (Debian: apt-get install openssl)")
    try:
        run = subprocess.run(
            [command, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=OPENSSL_TIMEOUT_S,
            umask=0o077,
        )
    except subprocess.TimeoutExpired:
        raise OpensslFailed(f"openssl {arguments[0]} took longer than {OPENSSL_TIMEOUT_S} s") from None
    if run.returncode:
        said = run.stderr.strip().splitlines()
        raise OpensslFailed(f"openssl {arguments[0]} failed: {said[-1] if said else run.returncode}")


def main() -> None:
    """Make a certificate authority and the broker's certificate, or renew the latter."""
    parser = argparse.ArgumentParser(prog="python -m presslight.broker.authority", description=main.__doc__)
    parser.add_argument("folder")
    parser.add_argument("--host", nargs="+", required=True, help="names and addresses of the broker")
    parser.add_argument("--renew", action="store_true", help="keep the CA; replace only the broker's certificate")
    asked = parser.parse_args()
    authority = Authority(Path(asked.folder))
    try:
        if not asked.folder:
            raise OpensslFailed("the path of the folder is empty")
        (authority.renew if asked.renew else authority.create)(asked.host)
    except (BrokerError, OSError) as error:
        parser.exit(2, f"{sentence(error)}\n")


if __name__ == "__main__":
    main()
