"""Packets that are few and cost much, at the embedded broker: they count as many."""

from collections.abc import AsyncIterator

import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.broker.limits import MAX_CONNECT_BYTES, MAX_PACKET_BYTES, PACKETS_AT_ONCE
from presslight.broker.refusals import STRANGER, RefusalKind
from presslight.contract.rate import Rates
from tests.broker.clients import Wire, connect_packet, packet, text

FILTERS = {
    "subscribe": packet(0x82, b"\0\1", (text("x") + b"\0") * (MAX_PACKET_BYTES // 4 - 10)),
    "unsubscribe": packet(0xA2, b"\0\1", text("x") * (MAX_PACKET_BYTES // 3 - 10)),
}


ACCOUNTS = Accounts.make(["hall"])


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    """With no more than is allowed at once: on a busy machine that would come back while packets are worked off."""
    async with EmbeddedBroker(ACCOUNTS) as running:
        running._rates = Rates(0, PACKETS_AT_ONCE)
        yield running


def hello(level: int = 4, about: bytes = b"") -> bytes:
    return connect_packet("hall", ACCOUNTS.password("hall"), level=level, about=about)


@pytest.mark.parametrize("kind", FILTERS)
async def test_filters_by_the_thousand_are_over_the_rate_of_a_light(broker: EmbeddedBroker, kind: str) -> None:
    few = PACKETS_AT_ONCE // 50
    async with Wire(broker.address, hello()) as light:
        light.send(*[FILTERS[kind]] * few)
        await light.rest()
    assert broker.refusals.counts["hall", RefusalKind.RATE] == 1


async def test_connect_of_a_house_full_of_properties_is_too_large(broker: EmbeddedBroker) -> None:
    about = b"\x26\0\1a\0\1b" * (MAX_CONNECT_BYTES // 14 * 2)
    async with Wire(broker.address) as stranger:
        stranger.send(hello(5, about))
        await stranger.rest()
    assert broker.refusals.counts[STRANGER, RefusalKind.PACKET] == 1
    async with Wire(broker.address) as light:
        light.send(hello(5, about[: len(about) // 2]))
        assert (await light.packet())[0] == 0x20
    assert broker.refusals.counts[STRANGER, RefusalKind.PACKET] == 1
