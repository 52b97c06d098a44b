import socket

import pytest

from presslight.contract.phone import Hello, Ping
from presslight.mobile_sim.connection import MAX_UNSENT
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.phone import Phone
from tests.mobile_sim.fake_bridge import TOKEN, FakeBridge, Visit


async def test_phone_answers_pings_and_knows_the_round_trip(bridge: FakeBridge, phone: Phone) -> None:
    await bridge.visits[0].say(Ping(n=7))
    await bridge.until(lambda: bool(bridge.pongs))
    assert bridge.pongs[0].n == 7
    assert phone.rtt_ms is not None


async def test_phone_leaves_a_silent_bridge_and_comes_back() -> None:
    async with FakeBridge(ping_ms=20) as bridge:
        bridge.answers_pings = False
        async with Phone(bridge.url, TOKEN):
            await bridge.until(lambda: len(bridge.hellos) >= 3)


@pytest.mark.parametrize(
    "frame", ["", "{", "[]", '{"type":"dance"}', '{"type":"light"}', '{"type":"outcome","key":"x"}', "\x00"]
)
async def test_frames_that_make_no_sense_are_counted_and_harm_nothing(
    bridge: FakeBridge, phone: Phone, frame: str
) -> None:
    await bridge.visits[0].say(frame)
    assert (await phone.press("kitchen", state="ON")).status is PhoneStatus.APPLIED
    assert sum(phone.ignored.values()) == 1
    assert len(bridge.hellos) == 1


async def test_oversized_frame_ends_the_socket_and_not_the_phone(bridge: FakeBridge, phone: Phone) -> None:
    await bridge.visits[0].say(" " * 2_000_000)
    await bridge.until(lambda: len(bridge.hellos) == 2)
    await phone.until(lambda _: phone.rtt_ms is not None)
    assert (await phone.press("kitchen", state="ON")).status is PhoneStatus.APPLIED


async def test_socket_that_takes_nothing_keeps_no_more_than_its_share(bridge: FakeBridge, phone: Phone) -> None:
    connection = phone._link._now
    assert connection is not None
    for n in range(MAX_UNSENT + 10):
        connection.send(Ping(n=n))
    assert phone.ignored["unsent"] == 10
    assert (await phone.press("kitchen", state="ON")).status is PhoneStatus.APPLIED


async def test_socket_sends_small_frames_at_once(phone: Phone) -> None:
    connection = phone._link._now
    assert connection is not None
    raw = connection._wire.transport.get_extra_info("socket")
    assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_garbage_instead_of_a_welcome_is_waited_out(bridge: FakeBridge) -> None:
    greet = bridge._greet

    async def rude(visit: Visit, hello: Hello) -> None:
        await visit.say("]")
        await greet(visit, hello)

    bridge._greet = rude  # type: ignore[method-assign] # this bridge is rude on purpose
    async with Phone(bridge.url, TOKEN) as phone:
        assert phone.ignored == {"malformed": 1}
