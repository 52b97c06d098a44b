"""Diagnosis of a light's start from its log lines: connected, or the reason why not. Pure: lines in."""

import re
from enum import StrEnum

from presslight.contract.errors import printable

LINK_UP = '{"link": "up"}'


class StartupFault(StrEnum):
    """The reason why a light has not connected, and what to do."""

    SILENT = (
        "it prints nothing: is this the right port (--port), and does no other program have it open? Press the "
        "board's reset button"
    )
    WIFI = (
        "it has not joined its Wi-Fi: are name and password right (--wifi-ssid; letters count), is it a network of "
        "2.4 GHz and near enough?"
    )
    NAME = (
        "its network does not resolve the broker's name: give the broker's IPv4 address (--broker), or a name that the "
        "router knows"
    )
    BROKER = (
        "it has joined its Wi-Fi and does not reach the broker: does that run, listen for the network and not only for "
        "its own machine, on this port, and let a firewall pass it?"
    )
    TLS = (
        "the broker's certificate is not what it trusts: is it of this CA (--ca-file), for this very name of the "
        "broker, and valid today, and is the port one for mqtts?"
    )
    LOG_IN = (
        "the broker refuses its sign-in: is its account there, with this password and its rights, and has the broker "
        "read them since?"
    )
    REFUSED = "the broker accepts no connection now: is it busy, and does it support MQTT 3.1.1?"
    MEMORY = "it runs out of memory while it connects; it restarts by itself, and may connect then"
    BROKEN = "its firmware has stopped"


_PATTERNS = (
    (r"^Wi-Fi: ", StartupFault.WIFI),
    (r"^link lost: .*(TLS|SSL|certificate|CERT|ASN1)", StartupFault.TLS),
    (r"^link lost: (\[Errno |\()?-(0x)?\w{4}", StartupFault.TLS),  # an error of mbedTLS, without its words
    (r"^link lost: refused: code (4|5|128)\b", StartupFault.LOG_IN),  # in CONNACK, and in SUBACK where a right lacks
    (r"^link lost: refused: ", StartupFault.REFUSED),
    (r"^link lost: .*\bnames?\b", StartupFault.NAME),
    (r"^link lost: .*ENOMEM|^link lost: (\[Errno )?12\b", StartupFault.MEMORY),
    (r"^link lost: ", StartupFault.BROKER),
    (r"^MemoryError: no room for TLS", StartupFault.MEMORY),
    (r"^(\w+Error|BadSettings)\b", StartupFault.BROKEN),
)
"""Patterns of the firmware's log lines; the first match counts."""

_CERTAIN = (StartupFault.TLS, StartupFault.LOG_IN, StartupFault.BROKEN)
"""Faults that are final when logged twice."""


class StartupMonitor:
    """Evaluates log lines. `is_up`: the light has connected. `fault`: the newest reason, at first WIFI."""

    def __init__(self) -> None:
        self.is_up = False
        self.fault = StartupFault.SILENT
        self._line = ""
        self._repeats = 0

    def feed_line(self, line: str) -> bool:
        """Evaluate a line; True once the result is final."""
        self.is_up = self.is_up or line.endswith(
            LINK_UP
        )  # output of the boot loader at another baud rate may precede it
        if line and self.fault is StartupFault.SILENT:
            self.fault = StartupFault.WIFI
        found = next((fault for pattern, fault in _PATTERNS if re.search(pattern, line)), None)
        if found:
            self._repeats = self._repeats + 1 if found is self.fault else 1
            self.fault = found
            self._line = line
        return self.is_up or (self.fault in _CERTAIN and self._repeats > 1)

    def explanation(self) -> str:
        """The reason in one sentence, with the light's own line."""
        own = f" (it says: {printable(self._line[:120])})" if self._line else ""
        return f"{self.fault}{own}"
