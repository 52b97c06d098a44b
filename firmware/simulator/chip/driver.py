"""Stand-in for the unix port: do not upload. A driver of Wi-Fi that refuses.

`driver connect 0x3007 2`: the first two calls of `connect` raise RuntimeError("Wifi Unknown Error 0x3007"); without a
number all do. `driver start memory`: OSError("WiFi Out of Memory"). `driver active hang`: it does not come back, as
`active(True)` waits without bound for the driver's word; interrupts run meanwhile. These are what MicroPython makes of
the driver's numbers (ports/esp32/network_common.c, esp_exceptions_helper; network_wlan.c, network_wlan_active). What
may be refused: `start` (the making of a WLAN), `active`, `config`, `scan`, `connect`, `disconnect`.
"""

# ruff: noqa: A002, ANN003, D102 -- the chip's own names and arguments, which its documentation explains

import sys

import channel
import network

_refused = {}
"""By the call: what is wrong, and how often it still is."""


def ask(call: str, error: str, times: str = "1000000") -> None:
    """Refuse this call so many times."""
    _refused[call] = [error, int(times)]


def step(call: str) -> None:
    """Let this call pass, or raise what the driver has against it."""
    refusal = _refused.get(call)
    if not refusal or not refusal[1]:
        return
    refusal[1] -= 1
    error = refusal[0]
    while error == "hang":
        for _ in channel._poller.ipoll(10):  # noqa: SLF001 -- the channel is a part of this one
            channel.hear(sys.stdin.buffer.readline())
    if error == "memory":
        raise OSError("WiFi Out of Memory")
    raise RuntimeError("Wifi Unknown Error 0x%04x" % int(error, 16))


class WLAN(network.WLAN):
    """The station."""

    def __init__(self, id: int) -> None:
        step("start")
        super().__init__(id)

    def active(self, *words: bool) -> object:
        step("active")
        return super().active(*words)

    def config(self, *words: str, **settings) -> object:
        step("config")
        return super().config(*words, **settings)

    def scan(self) -> list:
        step("scan")
        return super().scan()

    def connect(self, *network: str, **more) -> None:
        step("connect")
        super().connect(*network, **more)

    def disconnect(self) -> None:
        step("disconnect")
        super().disconnect()


network.WLAN = WLAN
