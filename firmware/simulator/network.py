"""Stand-in for the unix port: do not upload. The chip's `network`: a station that joins at once.

It has what the firmware uses and no more: what is here takes room in the firmware's heap, where the chip has it in ROM.
"""
# ruff: noqa: A002, ARG001, ARG002, D102, D103 - the chip's own names and arguments, which its documentation explains

import os

from air import air

servers = (os.getenv("NAME_SERVERS") or "127.0.0.1 53").split()


def hostname(name: bytes) -> None:
    if len(name) > 32:
        raise ValueError


def ipconfig(word: str) -> str:
    """Tell the network's name server: the first word of NAME_SERVERS. The last words are the router and their port."""
    return servers[0]


class WLAN:
    """The Wi-Fi station. Whatever network and password it is told, what it joins is this machine's network."""

    IF_STA = 0
    PM_NONE = 0

    def __init__(self, id: int) -> None:
        self._is_active = False
        self._is_told = False

    def active(self, is_open: bool) -> None:
        self._is_active = is_open

    def config(self, **settings: int) -> None:
        if "pm" not in settings:
            raise ValueError("only pm is simulated")

    def connect(self, ssid: str, key: str, bssid: "bytes | None" = None) -> None:
        if not self._is_active:
            raise OSError("Wifi Not Started")
        self._is_told = True

    def status(self, word: str) -> int:
        return -50

    def disconnect(self) -> None:
        self._is_told = False

    def ifconfig(self) -> tuple:
        return "", "", servers[-2], servers[0]

    def isconnected(self) -> bool:
        return self._is_told and not air.is_lost()
