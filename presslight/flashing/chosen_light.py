"""Settings of the light to flash, checked against the limits of a chip before it is changed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from presslight.contract.address import BrokerAddress
from presslight.contract.errors import Invalid, printable
from presslight.contract.url import read_host
from presslight.flashing import chip_pins
from presslight.flashing.esp_image import Chip
from presslight.light_settings import check_name, setup_files

LONGEST_SSID = 32
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 63
LONGEST_TEXT = 128
"""MAX_TEXT of the firmware's settings; all these limits are in bytes."""
KEY = re.compile(r"[0-9a-fA-F]{64}")

UNREACHABLE = re.compile(r"localhost|127\..*|::1|0\.0\.0\.0")


@dataclass(frozen=True)
class ChosenLight:
    """A light's settings. A pin of None is the chip's default.

    `inverted`: the lamp is on while its pin is low.
    """

    name: str
    address: BrokerAddress
    ssid: str
    password: str = field(repr=False)
    lamp_pin: int | None = None
    button_pin: int | None = None
    time_server: str | None = None
    inverted: bool = False

    def check_settings(self) -> None:
        """Raise Invalid for a setting that no chip can use."""
        if self.lamp_pin is not None and self.lamp_pin == self.button_pin:
            raise Invalid("lamp and button cannot be on the same pin (--led-pin, --button-pin)")
        check_name(self.name)
        _check_wifi(self.ssid, self.password)
        _check_host(self.address.host, "the broker")
        if self.time_server:
            self._check_time_server(self.time_server)
        secret = self.address.password.get_secret_value() if self.address.password else ""
        for text, what in ((self.address.host, "host"), (secret, "password")):
            if _size(text, f"the broker's {what}") > LONGEST_TEXT:
                raise Invalid(f"the broker's {what} is at most {LONGEST_TEXT} bytes long on a chip")

    def pins(self, chip: Chip) -> dict[str, int]:
        """The GPIOs of lamp and button on `chip`."""
        return chip_pins.choose_pins(chip, self.lamp_pin, self.button_pin)

    def files(self, chip: Chip) -> dict[str, str]:
        """The texts of the setup files on `chip`, by name. Raises Invalid."""
        wifi = {"ssid": self.ssid, "password": self.password}
        pins = self.pins(chip) | ({"inverted": 1} if self.inverted else {})
        return setup_files(self.name, self.address, wifi=wifi, pins=pins, time_server=self.time_server)

    def _check_time_server(self, host: str) -> None:
        if not self.address.tls:
            raise Invalid(
                "a time server (--time-server) is for a light that goes by certificates: a broker at mqtts://…"
            )
        try:
            read_host(host)
        except ValueError as error:
            raise Invalid(f"{printable(host[:80])} is no time server (--time-server): {error}") from None
        if _size(host, "the time server") > LONGEST_TEXT:
            raise Invalid(f"the time server's name is at most {LONGEST_TEXT} bytes long on a chip")
        _check_host(host, "the time server")

    def warnings(self, chip: Chip) -> Iterator[str]:
        """One sentence for each setting that works on `chip` with a side effect."""
        if self.ssid != self.ssid.strip():
            yield "the name of the Wi-Fi network (--wifi-ssid) begins or ends with a space"
        yield from chip_pins.pin_warnings(chip, self.pins(chip))


def _check_wifi(ssid: str, password: str) -> None:
    if not 1 <= _size(ssid, "the name of a Wi-Fi network (--wifi-ssid)") <= LONGEST_SSID:
        raise Invalid(f"the name of a Wi-Fi network (--wifi-ssid) is 1 to {LONGEST_SSID} bytes long")
    size = _size(password, "a Wi-Fi password")
    if size and not SHORTEST_PASSWORD <= size <= LONGEST_PASSWORD and not KEY.fullmatch(password):
        raise Invalid(
            f"a Wi-Fi password is {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} bytes long, or 64 hex digits, "
            f"or empty for an open network, and this one has {size} bytes"
        )


def _check_host(host: str, whose: str) -> None:
    if UNREACHABLE.fullmatch(host):
        raise Invalid(f"a chip cannot reach {host}: give {whose}'s address in your network")
    if ":" in host:
        raise Invalid(f"a chip speaks IPv4 here: give {whose}'s IPv4 address, or a name that has one")
    if host.lower().rstrip(".").endswith(".local"):
        raise Invalid(
            f"a chip finds {host} only where Wi-Fi passes multicast on, which it often does not: give {whose}'s "
            "address (and have your router keep it), or a name that your router knows"
        )


def _size(text: str, what: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise Invalid(f"{what} has bytes that are no letters") from None
