"""Stand-in for the unix port: do not upload. The chip's date: 2000-01-01 when power comes, and counted from 2000 on.

`clock`. The date goes on over a reset and is lost with the power: ESP-IDF counts it with the RTC timer
(ports/esp32/machine_rtc.c, gettimeofday and settimeofday). MicroPython's seconds begin in 2000 there
(ports/esp32/main.c, platform_mbedtls_time), where the unix port's begin in 1970. Here a file holds how far the chip's
date is from this machine's; the launcher removes it as the power goes.
"""

# ruff: noqa: D102 -- MicroPython's own names

import sys
import time as port

from machine import RTC

_FILE = "clock"
_SINCE_1970 = 946_684_800


class Time:
    """The module `time`, by the chip's date."""

    @staticmethod
    def time() -> int:
        return int(port.time()) - _behind[0]

    @staticmethod
    def gmtime(*seconds: int) -> tuple:
        return port.gmtime((seconds[0] if seconds else Time.time()) + _SINCE_1970)

    @staticmethod
    def mktime(date: tuple) -> int:
        return port.mktime(date) - _SINCE_1970


def _datetime(_: RTC, *date: tuple) -> "tuple | None":
    if date:
        year, month, day, _, hour, minute, second = date[0][:7]
        _set(Time.mktime((year, month, day, hour, minute, second, 0, 0)))
        return None
    now = Time.gmtime()
    return now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0


def _set(seconds: int) -> None:
    _behind[0] = int(port.time()) - seconds
    with open(_FILE, "w") as file:
        file.write(str(_behind[0]))


def ask() -> None:
    """Have the date of before a reset, else 2000-01-01."""
    try:
        with open(_FILE) as file:
            _behind[0] = int(file.read())
    except OSError:
        _set(0)


_behind = [0]
for _name in dir(port):
    if not hasattr(Time, _name):
        setattr(Time, _name, getattr(port, _name))
Time.localtime = Time.gmtime
sys.modules["time"] = Time
RTC.datetime = _datetime
RTC.date = 0  # `dated_tls` adds it to `time`
