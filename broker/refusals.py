"""Counts of refused requests, and log lines about them at a bounded rate."""

import logging
from collections import Counter
from enum import StrEnum

from presslight.contract.damping import is_worth_a_line

MAX_SHOWN = 100
"""The longest topic or reason in the log, in characters."""

STRANGER = "a stranger"
"""The user of a client that is not authenticated; its claimed name proves nothing, so it is not counted by it."""

_log = logging.getLogger("presslight.broker")


class RefusalKind(StrEnum):
    """The refused request; each says how the client is told."""

    SIGN_IN = "sign in"
    """CONNECT: CONNACK with return code 5, in MQTT 5 with reason code 0x87."""

    PUBLISH = "publish"
    """PUBLISH: acknowledged and not delivered; in MQTT 5 PUBACK 0x87, in 3.1.1 there is no code for it."""

    SUBSCRIBE = "subscribe"
    """SUBSCRIBE: SUBACK 0x80 (MQTT 5: 0x87) from the embedded broker; Mosquitto grants it and delivers nothing."""

    PACKET = "packet"
    """A malformed or too large packet: disconnected."""

    UNREAD = "unread"
    """Delivery to a client that reads or acknowledges too slowly: disconnected, or the message is lost."""

    RATE = "rate"
    """Packets above the account's rate: disconnected (MQTT 5: 0x97); at CONNECT refused."""

    CONNECTION = "connection"
    """A connection above the limit: closed."""


class Refusals:
    """`counts[user, kind]` since the start. The 1st, 10th, 100th and so on are logged."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, RefusalKind]] = Counter()

    def record(self, user: str, kind: RefusalKind, detail: object = "") -> None:
        """Count one refusal; `detail`: the topic or the reason, never a password."""
        self.counts[user, kind] += 1
        times = self.counts[user, kind]
        if is_worth_a_line(times):
            shown = ascii(str(detail)[:MAX_SHOWN])
            _log.warning("refused %s to %s: %s (%d times so far)", kind.value, user, shown, times)
