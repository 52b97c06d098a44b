"""Frames that are not good end no other socket than the one they came over, and cost nobody else time."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presslight.cloud.websocket.session import Session
from presslight.contract.errors import CloseCode, ErrorCode
from tests.cloud.conftest import House
from tests.cloud.websocket.test_session import Phone, SessionPorts

HALF = r"\ud800"
"""Half of a surrogate pair, as JSON writes it: no UTF-8 has a byte for it."""


FRAMES = [
    f'{{"type":"hello","key":"{HALF}"}}',
    f'{{"type":"{HALF}"}}',
    f'{{"{HALF}":1}}',
    f'{{"type":"hello","versions":[1],"token":"{HALF}"}}',
    f'{{"type":"hello","versions":[1],"token":"x","client":"{HALF}"}}',
    f'{{"type":"hello","versions":[1],"token":"x","have":{{"{HALF}":{{"version":[1,1],"online":true}}}}}}',
    f'{{"type":"press","key":"{HALF}","light":"{HALF}","set":{{"state":"{HALF}"}},"{HALF}":"{HALF}"}}',
    f'{{"type":"shown","key":"{HALF}","ms":1}}',
]
"""One in each place that a text can have."""


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("is_signed_in", [False, True])
async def test_half_of_a_pair_is_told_in_a_code(house: House, frame: str, is_signed_in: bool) -> None:
    phone = await house.phone() if is_signed_in else await house.stranger()
    await phone.send(frame)
    told = await phone.until("error")
    assert told["code"] in set(ErrorCode) - {ErrorCode.INTERNAL}
    assert await house.metric("presslight_troubles_total", kind="defect") == 0


async def test_defect_ends_one_socket_and_is_counted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.light()
    victim, other = await house.phone(), await house.phone()
    monkeypatch.setattr(Session, "_take_shown", lambda *_: 1 / 0)
    for _ in range(12):
        attacker = await house.phone()
        await attacker.send({"type": "shown", "key": "0123456789abcdef-1", "ms": 1})
        assert (await attacker.until("error"))["code"] == ErrorCode.INTERNAL
        assert await attacker.closed() == CloseCode.INTERNAL
    assert await house.metric("presslight_troubles_total", kind="defect") == 12
    await victim.press()
    assert (await victim.until("outcome", final=True))["status"] == "applied"
    assert (await other.sees(state="ON"))["online"]


texts = st.text(st.characters(), max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
fields = st.sampled_from(
    ["key", "light", "set", "token", "versions", "have", "client", "n", "ms", "if_ver", "not_after"]
)
frames = st.fixed_dictionaries(
    {"type": st.sampled_from(["hello", "press", "shown", "ping", "pong"]) | texts | values}
).flatmap(lambda frame: st.dictionaries(fields, values, max_size=5).map(lambda more: frame | more))


@given(st.lists(frames.map(json.dumps) | texts, min_size=1, max_size=4), st.booleans())
@settings(max_examples=5 * settings().max_examples)
def test_every_frame_gets_an_answer_that_can_be_sent(sent: list[str], is_signed_in: bool) -> None:
    phone = Phone(SessionPorts(), greeted=is_signed_in)
    for text in sent:
        phone.send(text)
    for answer in phone.heard():  # each is of the contract
        json.dumps(answer, ensure_ascii=False).encode()
