"""What clients were refused: counted, and told to the owner in the log without letting anybody fill it."""

import logging
from collections import Counter
from enum import StrEnum

from presslight.contract.damping import is_worth_a_line

MAX_SHOWN = 100
"""Characters of a topic or a reason that the log shows."""

STRANGER = "a stranger"
"""Who has not signed in; what a stranger calls itself proves nothing, so it is not counted by that name."""

_log = logging.getLogger("presslight.broker")


class Refused(StrEnum):
    """What was refused, and with it how the client learns of it."""

    SIGN_IN = "sign in"
    """Connection refused, not authorised (CONNACK 5, in MQTT 5 0x87)."""

    PUBLISH = "publish"
    """Acknowledged, in MQTT 5 with 0x87, as 3.1.1 has no word for it, and not delivered."""

    SUBSCRIBE = "subscribe"
    """SUBACK 0x80 (MQTT 5: 0x87) from the embedded broker; Mosquitto grants it and delivers nothing."""

    PACKET = "packet"
    """Not MQTT, or too large: disconnected."""

    UNREAD = "unread"
    """Reads or acknowledges too slowly: disconnected, or loses what it did not acknowledge."""

    RATE = "rate"
    """More packets or bytes a second than an account may send: disconnected (MQTT 5: 0x97), refused as it connects."""

    CONNECTION = "connection"
    """No room for another connection: closed."""


class Refusals:
    """`counts[user, what]` since the start. The log tells the first, then the 10th, the 100th and so on."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, Refused]] = Counter()

    def note(self, user: str, what: Refused, about: object = "") -> None:
        """Count one refusal; `about` is the topic or the reason, never a password."""
        self.counts[user, what] += 1
        times = self.counts[user, what]
        if is_worth_a_line(times):
            shown = ascii(str(about)[:MAX_SHOWN])
            _log.warning("refused %s to %s: %s (%d times so far)", what.value, user, shown, times)
