"""How a light is asked for a report, so that it is known to be there and its clock's bound is good. Pure.

A press for a boot that never was is answered by the light and does nothing; a light that knows no keys is told to stay
as it is.
"""

from presslight.cloud.core.deadline import NEVER
from presslight.contract.mqtt import Report, SetCommand, encode_set

KEY = f"{'0' * 16}-1"
"""The key of all probes at the MQTT client: nobody waits for their acknowledgement."""


def message(report: Report, key: str) -> bytes:
    """The set message for a light whose newest known report is this. `key`: what the light answers."""
    return encode_set(SetCommand(**report.attributes(), key=key, not_after=NEVER))
