"""How a light is asked for a report, so that it is known to be there and its clock's bound is good. Pure.

A press for a boot that never was is answered by the light and does nothing; a light that knows no keys is told to stay
as it is.
"""

from cloud.deadline import NEVER
from contract.mqtt import Report, SetCommand, encode_set

KEY = f"{'0' * 16}-1"


def message(report: Report) -> bytes:
    """The set message for a light whose newest known report is this."""
    return encode_set(SetCommand(state=report.state, brightness=report.brightness, key=KEY, not_after=NEVER))
