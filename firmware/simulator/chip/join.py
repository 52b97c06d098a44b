"""Stand-in for the unix port: do not upload. A station that takes its time to join.

`join 300 3000`: from `connect`, or from the return of an access point that was lost, it takes so many ms to scan, to
join and to get an address. Who calls `connect` meanwhile has the driver against him: esp_wifi_set_config gives
ESP_ERR_WIFI_STATE while it connects (ports/esp32/network_wlan.c, network_wlan_connect; micropython 17661).
"""

# ruff: noqa: A002, ANN003, D102 -- the chip's own names and arguments, which its documentation explains

import random
from time import ticks_diff, ticks_ms

import network

_takes = [0, 0]


class WLAN(network.WLAN):
    """The station."""

    def __init__(self, id: int) -> None:
        super().__init__(id)
        self._since = None

    def connect(self, *network: str, **more) -> None:
        if self._is_told and not self.isconnected():
            raise OSError("Wifi Internal State Error")
        super().connect(*network, **more)
        self.isconnected()

    def disconnect(self) -> None:
        super().disconnect()
        self._since = None

    def isconnected(self) -> bool:
        if not super().isconnected():
            self._since = None
            return False
        if self._since is None:
            self._since = ticks_ms()
            self._ms = random.randint(*_takes)  # noqa: S311 -- no secret
        return ticks_diff(ticks_ms(), self._since) >= self._ms


def ask(least_ms: str, most_ms: str) -> None:
    """Take a time between these two."""
    _takes[:] = sorted((int(least_ms), int(most_ms)))


network.WLAN = WLAN
