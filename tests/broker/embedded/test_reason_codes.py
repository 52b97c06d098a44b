"""What the sender of a bad packet hears."""

import pytest

from presslight.broker.embedded.reason_codes import BadPacket, Reason, reason_of
from presslight.contract.errors import ContractError, Malformed, TooLarge


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Malformed("x"), Reason.MALFORMED_PACKET),
        (TooLarge("x"), Reason.PACKET_TOO_LARGE),
        (BadPacket(Reason.TOPIC_ALIAS_INVALID, "x"), Reason.TOPIC_ALIAS_INVALID),
    ],
)
def test_error_is_told_by_its_reason(error: ContractError, reason: Reason) -> None:
    assert reason_of(error) is reason
    assert str(error) == "x"
