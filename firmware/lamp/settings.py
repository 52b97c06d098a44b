"""Settings of a light, from the file `settings.json` beside `main.py`.

`name` and `host` are needed. `port`, `user`, `password`, `tls`, `ca` (the file with the CA's certificate), `wifi`
(`ssid`, `password`), `pins` (`lamp`, `button`; `inverted`: 1 where the lamp shines on low), `flashed` (unix seconds)
and `time` (the time server by which TLS goes, its name or IPv4 address; empty: none) have defaults.
"""

import json

FILE = "settings.json"
MAX_TEXT = 128


class BadSettings(Exception):
    """The settings cannot be used, and why."""


class Settings:
    """The settings of one light. It has no function of its own, so that this module can go once they are read."""

    name: str
    host: str
    has_tls: bool
    port: int
    ca: str
    user: str
    password: str
    ssid: str
    wifi_password: str
    flashed: int
    time: str


def pin(name: str, default: int) -> int:
    """Give a number among the `pins`, whatever else is wrong with the settings; `default` where they have none."""
    try:
        return _number(_group(_read(), "pins"), name, default)
    except BadSettings:
        return default


def load() -> Settings:
    """Read the settings. Raises BadSettings, with a sentence that repeats none of them."""
    found = _read()
    settings = Settings()
    settings.name = _text(found, "name", None)
    settings.host = _text(found, "host", None)
    settings.has_tls = found.get("tls") is True
    settings.port = _number(found, "port", 8883 if settings.has_tls else 1883)
    settings.ca = _text(found, "ca", "ca.pem")
    settings.user = _text(found, "user", "")
    settings.password = _text(found, "password", "")
    settings.ssid = _text(_group(found, "wifi"), "ssid", "")
    settings.wifi_password = _text(_group(found, "wifi"), "password", "")
    for name in ("lamp", "button", "inverted"):  # `pin` has given them before, and said nothing
        _number(_group(found, "pins"), name, 0)
    settings.flashed = _number(found, "flashed", 0)
    if settings.has_tls:
        settings.time = _text(found, "time", "pool.ntp.org")
    return settings


def _read() -> "dict[str, object]":
    try:
        with open(FILE) as file:
            found = json.load(file)
    except (OSError, ValueError, RuntimeError, MemoryError) as error:  # the last two: nested too deep, or too large
        raise BadSettings(f"{FILE} cannot be read: {error}") from None
    return _group({FILE: found}, FILE)


def _text(found: "dict[str, object]", name: str, default: str | None) -> str:
    text = found.get(name)
    if text is None and default is not None:
        return default
    if not isinstance(text, str) or len(text.encode()) > MAX_TEXT:
        raise BadSettings(f"{name} must be text of at most {MAX_TEXT} bytes")
    return text


def _number(found: "dict[str, object]", name: str, default: int) -> int:
    number = found.get(name)
    if number is None:
        return default
    if not isinstance(number, int) or (name == "port" and not 0 < number < 65_536):
        raise BadSettings(f"{name} must be a whole number, and a port 1 to 65535")
    return number


def _group(found: "dict[str, object]", name: str) -> "dict[str, object]":
    part = found.get(name)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise BadSettings(f"{name} must be an object")
    return part
