"""Stand-in for the unix port: do not upload. The chip's `network`: a station that joins at once."""
# ruff: noqa: ARG002, D102 - the chip's own names and arguments, which its documentation explains

from air import air

STA_IF = 0
STAT_BEACON_TIMEOUT = 200
STAT_IDLE = 1000
STAT_GOT_IP = 1010


class WLAN:
    """The Wi-Fi station. Whatever network and password it is told, what it joins is this machine's network."""

    IF_STA = 0
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    def __init__(self, interface_id: int = STA_IF) -> None:
        if interface_id != STA_IF:
            raise ValueError("only the station is simulated")
        self._settings = {"mac": b"\x02press", "pm": self.PM_PERFORMANCE, "reconnects": -1, "hostname": "mpy-esp32"}
        self._is_active = False
        self._is_told = False

    def active(self, is_active: "bool | None" = None) -> "bool | None":
        if is_active is None:
            return self._is_active
        self._is_active = bool(is_active)
        self._is_told = self._is_told and self._is_active
        return None

    def connect(self, ssid: "str | None" = None, key: "str | None" = None, *, bssid: "bytes | None" = None) -> None:
        if not self._is_active:
            raise OSError("Wifi Not Started")
        self._is_told = True

    def disconnect(self) -> None:
        self._is_told = False

    def isconnected(self) -> bool:
        return self._is_told and not air.is_lost()

    def status(self, param: "str | None" = None) -> int:
        if param == "rssi":
            return -50
        if not self._is_told:
            return STAT_IDLE
        return STAT_BEACON_TIMEOUT if air.is_lost() else STAT_GOT_IP

    def config(self, param: "str | None" = None, **changes: object) -> object:
        self._settings.update(changes)
        return self._settings[param] if param else None

    def ifconfig(self) -> "tuple[str, str, str, str]":
        return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")


def hostname(name: str = "mpy-esp32") -> str:
    """Name this station in its network."""
    return name


def country(code: str = "XX") -> str:
    """Say whose radio rules hold, in two letters."""
    return code
