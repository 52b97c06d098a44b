"""What a light is told when it is set up: `settings.json`, the same on the chip and simulated. It holds passwords."""

import json
import os
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from contract.address import BrokerAddress
from contract.errors import Invalid
from contract.words import LightId

FILE = "settings.json"
_light_id: TypeAdapter[str] = TypeAdapter(LightId)


def settings(name: str, address: BrokerAddress, *, ssid: str, wifi_password: str) -> str:
    """Write the settings of the light `name` as JSON. Raises Invalid for a name that no light can have."""
    try:
        _light_id.validate_python(name)
    except ValidationError as error:
        raise Invalid(f"a light's name is 1 to 32 of a-z, 0-9, - and _, and not {name[:40]!r}") from error
    password = address.password.get_secret_value() if address.password else None
    return json.dumps(
        {
            "name": name,
            "host": address.host,
            "port": address.port,
            "tls": address.tls,
            "user": address.username,
            "password": password,
            "wifi": {"ssid": ssid, "password": wifi_password},
        }
    )


def write_secret(path: Path, text: str) -> None:
    """Write a file that its owner alone may read (mode 0600), from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)  # also where the file was there before
        file.write(text)
