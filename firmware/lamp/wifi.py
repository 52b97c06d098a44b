"""The chip's Wi-Fi: joins the network, and joins again when the driver has given up."""

import asyncio

import network

from lamp import alive, say
from lamp.clock import now_ms, ticks_diff


class Wifi:
    """The station, `name` in the router's list. Without a name of a network (`ssid`) there is one already, by cable.

    `station`: the driver's, once the radio is on.
    """

    def __init__(self, name: str, ssid: str, password: str) -> None:
        self._name = name
        self._ssid = ssid
        self._password = password
        self._owes = True  # a look for a stronger access point
        self.station: network.WLAN = None  # type: ignore[assignment]  # see above

    def start(self) -> None:
        """Switch the radio on, and begin to join."""
        if self._ssid:
            self._join()

    async def joined(self) -> None:
        """Wait until the station has joined and has its address."""
        start = now_ms()
        while self._ssid and not (self.station and self.station.isconnected() and not self._look()):
            if ticks_diff(now_ms(), start) > 15_000:  # the driver has given up
                start = now_ms()
                self._join()
            alive[0] |= 12
            await asyncio.sleep_ms(100)  # MicroPython tells no one when the station joins

    def _look(self) -> bool:
        """Look once a boot, where the signal is weak, for a far stronger access point of the name; True: it is joined.

        The driver joins the first that it finds. Looking stops the loop for some 2 s, and so the button.
        """
        found = None
        if self._owes:
            self._owes = False
            try:
                most = self.station.status("rssi") + 8
                for each in self.station.scan() if most < -67 else ():
                    if each[0] == self._ssid.encode() and each[3] > most:
                        most, found = each[3], each[1]
            except (OSError, RuntimeError) as error:
                say(f"Wi-Fi: {error}")
            if found:
                self._join(found)
        return found is not None

    def _join(self, place: "bytes | None" = None) -> None:
        """Ask the driver to join. It can refuse at any time, in words or by a number; then it is asked again later.

        `place`: the one access point (BSSID) that it may be; None: any of the network's.
        """
        try:
            if self.station:  # `connect` raises where the driver still tries: micropython 17661
                self.station.disconnect()
            else:
                self._start()
            self.station.connect(self._ssid, self._password, bssid=place)
        except (AttributeError, OSError, RuntimeError) as error:  # the first of a MicroPython before 1.23
            say(f"Wi-Fi: {error}")

    def _start(self) -> None:
        """Switch the radio on. Its power save can keep a press waiting for 300 ms, so it is off."""
        network.hostname(self._name.encode()[:32])  # type: ignore[call-overload]  # more bytes are a ValueError
        wifi = network.WLAN(network.WLAN.IF_STA)
        wifi.active(True)
        wifi.config(pm=network.WLAN.PM_NONE)
        self.station = wifi
