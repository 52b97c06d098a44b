"""The chip's Wi-Fi: joins the network, and joins again when the driver has given up."""

import asyncio

import network

from lamp import say
from lamp.clock import now_ms, ticks_diff


class Wifi:
    """The station. Without a name of a network (`ssid`) there is one already, by cable maybe."""

    def __init__(self, ssid: str, password: str) -> None:
        self._ssid = ssid
        self._password = password
        self._has_asked = False
        self._station = network.WLAN(network.WLAN.IF_STA)

    def start(self) -> None:
        """Switch the radio on, and begin to join. Its power save can keep a press waiting for 300 ms, so it is off."""
        if self._ssid:
            self._station.active(True)
            self._station.config(pm=network.WLAN.PM_NONE)
            self._join()

    async def joined(self) -> None:
        """Wait until the station has joined and has its address."""
        since = now_ms()
        while self._ssid and not self._station.isconnected():
            if ticks_diff(now_ms(), since) > 15_000:  # the driver has given up
                since = now_ms()
                self._join()
            await asyncio.sleep_ms(100)  # MicroPython tells no one when the station joins

    def _join(self) -> None:
        """Ask the driver to join. It can refuse at any time; then it is asked again later."""
        try:
            if self._has_asked:  # `connect` raises where the driver still tries: micropython 17661
                self._station.disconnect()
            self._has_asked = True
            self._station.connect(self._ssid, self._password)
        except OSError as error:
            say(f"Wi-Fi: {error}")
