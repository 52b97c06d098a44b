"""The chip's Wi-Fi: joins the network, and joins again when the driver has given up."""

import asyncio

import network

from lamp import alive, say
from lamp.clock import now_ms, ticks_diff


class Wifi:
    """The station, `name` in the router's list. Without a name of a network (`ssid`) there is one already, by cable."""

    def __init__(self, name: str, ssid: str, password: str) -> None:
        self._name = name
        self._ssid = ssid
        self._password = password
        self._station: network.WLAN = None  # type: ignore[assignment]  # there is one once the radio is on

    def start(self) -> None:
        """Switch the radio on, and begin to join."""
        if self._ssid:
            self._join()

    async def joined(self) -> None:
        """Wait until the station has joined and has its address."""
        since = now_ms()
        while self._ssid and not (self._station and self._station.isconnected()):
            if ticks_diff(now_ms(), since) > 15_000:  # the driver has given up
                since = now_ms()
                self._join()
            alive[0] |= 28
            await asyncio.sleep_ms(100)  # MicroPython tells no one when the station joins

    def servers(self) -> "tuple[str, ...]":
        """Give whom to ask for a name, by IPv4: the network's name server, then its router, which mostly knows too."""
        first = network.ipconfig("dns")  # MicroPython tells of one alone
        second = self._station.ifconfig()[2] if self._station else first
        found = (first,) if first == second else (first, second)
        return tuple(each for each in found if each[0] != "0" and ":" not in each)

    def _join(self) -> None:
        """Ask the driver to join. It can refuse at any time, in words or by a number; then it is asked again later."""
        try:
            if self._station:  # `connect` raises where the driver still tries: micropython 17661
                self._station.disconnect()
            else:
                self._start()
            self._station.connect(self._ssid, self._password)
        except (AttributeError, OSError, RuntimeError) as error:  # the first of a MicroPython before 1.23
            say(f"Wi-Fi: {error}")

    def _start(self) -> None:
        """Switch the radio on. Its power save can keep a press waiting for 300 ms, so it is off."""
        network.hostname(self._name.encode()[:32])  # type: ignore[call-overload]  # more bytes are a ValueError
        wifi = network.WLAN(network.WLAN.IF_STA)
        wifi.active(True)
        wifi.config(pm=network.WLAN.PM_NONE)
        self._station = wifi
