"""Settings with short times, and a listener that ignores every event."""

from presslight.contract.topics import ALL_AVAILABILITIES, ALL_STATES

QUICK = {"canary_ms": 50, "canary_limit_ms": 300, "reconnect_ms": 50, "reconnect_most_ms": 200}


class IgnoringListener:
    """A listener that ignores every event."""

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None: ...

    def on_ack(self, key: str) -> None: ...

    def topics(self) -> tuple[str, ...]:
        return ALL_STATES, ALL_AVAILABILITIES

    def on_reconnected(self) -> None: ...

    def on_broker(self, *, found: bool, cause: str = "", detail: str = "") -> None: ...
