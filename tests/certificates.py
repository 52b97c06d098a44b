"""Server certificates as tests want them: for any name, of any age."""

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


@dataclass(frozen=True)
class Certificates:
    """Two PEM files: whom to trust, and the server's certificate with its key."""

    ca: Path
    server: Path


def make(folder: Path, name: str, *, since: timedelta = -DAY, until: timedelta = DAY) -> Certificates:
    """Make an authority in `folder`, and a certificate for `name` (or address) that holds from `since` to `until`."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    where = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    ca = _sign(ca_key, AUTHORITY, ca_key, (-9 * DAY, 9 * DAY), x509.BasicConstraints(ca=True, path_length=0))
    server = _sign(key, x509.Name([]), ca_key, (since, until), x509.SubjectAlternativeName([where]))
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
    extension: x509.ExtensionType,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(AUTHORITY)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + holds[0])
        .not_valid_after(NOW + holds[1])
        .add_extension(extension, critical=True)
        .sign(ca_key, hashes.SHA256())
    )
