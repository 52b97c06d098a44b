"""A token that is revoked while a press is under way: the phone says so, and the press keeps its truth."""

import asyncio
from pathlib import Path

import pytest

from presslight.cloud.store.tokens import issue_token, revoke_tokens
from presslight.contract.errors import CloseCode
from presslight.mobile_sim.errors import TurnedAway
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.phone import Phone
from tests.faults.handset import NearPhone
from tests.faults.lab import WAIT_S, Lab
from tests.faults.truth import judge


@pytest.mark.parametrize("acts", [True, False], ids=["acts unseen", "does not arrive"])
async def test_token_revoked_mid_press_leaves_the_press_its_truth(acts: bool, tmp_path: Path) -> None:
    async with Lab(tmp_path, cabled=True) as lab:
        hand, phone, cable = lab.hands[0], lab.phones["phone-1"], lab.cables["kitchen"]
        (cable.out if acts else cable.back).cut()
        press = await hand.press(100)
        assert [status for status, _ in press.words][-1] is PhoneStatus.ACCEPTED
        revoke_tokens(lab.bridge.store, phone="page")
        assert (await _turned_away(phone)).close_code == CloseCode.UNAUTHENTICATED
        assert (await hand.press(0)).status is PhoneStatus.NOT_SENT
        await phone.__aexit__(None, None, None)
        cable.mend()
        await _sign_in_again(lab)
        assert press.is_told
        assert press.status is PhoneStatus.APPLIED or not acts
        assert judge(lab.history) == []


async def _turned_away(phone: Phone) -> TurnedAway:
    with pytest.raises(TurnedAway) as turned:
        await asyncio.wait_for(phone.until(lambda _: False), WAIT_S)
    return turned.value


async def _sign_in_again(lab: Lab) -> None:
    """A new life of the same phone, with a new token: it asks what became of its presses."""
    token = issue_token(lab.bridge.store, phone="page")
    async with Phone(lab.bridge.url, token, journal=lab.folder / "phone-1.journal") as phone:
        NearPhone(phone).take_up(lab.history.presses)
        async with asyncio.timeout(WAIT_S):
            await phone.settled()
            await phone.until(lambda lights: phone.broker and lights["kitchen"].online)
