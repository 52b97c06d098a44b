"""Setup files of a light, beside its firmware: the same on a chip and simulated.

`settings.json` holds passwords; it names the certificate's file, which is there where the broker speaks TLS.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from presslight.contract.address import BrokerAddress
from presslight.contract.errors import Invalid, printable
from presslight.contract.words import is_light_id

SETTINGS = "settings.json"


def check_name(name: str) -> None:
    """Raise Invalid for a name that no light can have."""
    if not is_light_id(name):
        raise Invalid(f"a light's name is 1 to 32 of a-z, 0-9, - and _, and not {name[:40]!r}")


def setup_files(
    name: str,
    address: BrokerAddress,
    *,
    wifi: Mapping[str, str],
    pins: Mapping[str, int] | None = None,
    time_server: str | None = None,
) -> dict[str, str]:
    """The files that make a light `name`, by file name. `wifi` is `ssid` and `password`, `pins` is `lamp` and `button`.

    Among the pins `inverted` is 1 where the lamp shines on low. `time_server`: None leaves it the firmware's own, an
    empty one is none. Raises Invalid: a name that no light can have, another user's address, TLS without a certificate
    to trust.
    """
    check_name(name)
    if address.username not in (None, name):
        raise Invalid(
            f"the light {name} signs in under its own name, and this broker address is of {address.username!r}"
        )
    settings = {
        "name": name,
        "host": address.host,
        "port": address.port,
        "tls": address.tls,
        "user": address.username,
        "password": None if address.password is None else address.password.get_secret_value(),
        "wifi": dict(wifi),
        "flashed": int(time.time()),
    }
    if pins:
        settings["pins"] = dict(pins)
    if time_server is not None:
        settings["time"] = time_server
    if not address.tls:
        return {SETTINGS: _written(settings)}
    certificate = _certificate(address)
    name = f"ca-{hashlib.sha256(certificate.encode()).hexdigest()[:8]}.pem"  # another one takes no file from the old
    return {SETTINGS: _written({**settings, "ca": name}), name: certificate}


def set_up_before(files: dict[str, str], folder: Path) -> dict[str, str]:
    """The same files, of the day on which the light of this name was first set up in `folder`, if it was."""
    try:
        before = json.loads((folder / SETTINGS).read_bytes())
        day = {"flashed": before["flashed"]} if before["name"] == json.loads(files[SETTINGS])["name"] else {}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return files
    return files | {SETTINGS: _written(json.loads(files[SETTINGS]) | day)}


def _written(settings: Mapping[str, object]) -> str:
    """Settings as the chip reads them: to MicroPython an escaped surrogate pair is no letter."""
    return json.dumps(settings, ensure_ascii=False)


def _certificate(address: BrokerAddress) -> str:
    if address.ca_file is None:
        raise Invalid("with mqtts a light needs the certificate of the CA to trust: name its file (--ca-file)")
    try:
        return Path(address.ca_file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(
            f"the CA's certificate cannot be read from {printable(address.ca_file)}: it is a PEM file"
        ) from error


def write_secret(path: Path, text: str) -> None:
    """Write a file that its owner alone may read (mode 0600), from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)  # also where the file was there before
        file.write(text)
