"""What the sender of a bad packet hears."""

import pytest

from presslight.broker.embedded.reason_codes import BadPacket, ReasonCode, reason_code_of
from presslight.contract.errors import ContractError, Malformed, TooLarge


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Malformed("x"), ReasonCode.MALFORMED_PACKET),
        (TooLarge("x"), ReasonCode.PACKET_TOO_LARGE),
        (BadPacket(ReasonCode.TOPIC_ALIAS_INVALID, "x"), ReasonCode.TOPIC_ALIAS_INVALID),
    ],
)
def test_error_is_told_by_its_reason(error: ContractError, reason: ReasonCode) -> None:
    assert reason_code_of(error) is reason
    assert str(error) == "x"
