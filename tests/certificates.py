"""Server certificates as tests want them: for any name, of any age, and strict enough for Python 3.13."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
AUTHORITY = x509.Name.from_rfc4514_string("CN=test authority")
_MAY_SIGN = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Certificates:
    """Two PEM files: whom to trust, and the server's certificate with its key."""

    ca: Path
    server: Path


def make(folder: Path, name: str, *, since: timedelta = -DAY, until: timedelta = DAY) -> Certificates:
    """Make an authority in `folder`, and a certificate for `name` (or address) that holds from `since` to `until`."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    where = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    own = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
    signer = {x509.BasicConstraints(ca=True, path_length=0): True, _MAY_SIGN: True, own: False}
    ca = _sign(ca_key, AUTHORITY, ca_key, (-9 * DAY, 9 * DAY), signer)
    named = {x509.SubjectAlternativeName([where]): True, issuer: False}
    server = _sign(key, x509.Name([]), ca_key, (since, until), named)
    made = Certificates(folder / "test-ca.pem", folder / "test-server.pem")
    made.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    made.server.write_bytes(secret + server.public_bytes(serialization.Encoding.PEM))
    return made


def _sign(
    key: ec.EllipticCurvePrivateKey,
    subject: x509.Name,
    ca_key: ec.EllipticCurvePrivateKey,
    holds: tuple[timedelta, timedelta],
    extensions: dict[x509.ExtensionType, bool],
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(AUTHORITY)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + holds[0])
        .not_valid_after(NOW + holds[1])
    )
    for extension, is_critical in extensions.items():
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(ca_key, hashes.SHA256())


def shake_hands(ca: Path, certificate: Path, key: Path, host: str) -> None:
    """A strict TLS handshake in memory; raises ssl.SSLError where the client does not believe the server."""
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_context.load_cert_chain(certificate, key)
    client_context = ssl.create_default_context(cafile=ca)
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT  # Python does by itself from 3.13 on
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(down, up, server_hostname=host)
    server = server_context.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client.version() == "TLSv1.3"
