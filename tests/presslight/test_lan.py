"""This machine's addresses in its networks, in networks that a test makes: nothing is sent to find them."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from presslight import lan
from tests.lab.namespace import Namespace, is_permitted

needs_namespaces = pytest.mark.skipif(not is_permitted(), reason="no right to make networks")


@pytest.fixture
def network() -> Iterator[Namespace]:
    space = Namespace()
    yield space
    space.close()


@needs_namespaces
def test_machine_without_a_network_has_no_address(network: Namespace) -> None:
    with network.entered():
        assert lan.addresses() == lan.reached_at("0.0.0.0") == ()


@needs_namespaces
@pytest.mark.parametrize("peer", ["10.77.0.2", lan.ELSEWHERE[0]], ids=["no way out", "a way out"])
def test_address_in_a_network_is_found_and_nothing_is_sent(network: Namespace, peer: str) -> None:
    with ExitStack() as opened:
        tun = network.open_tun("10.77.0.1", peer)
        opened.callback(os.close, tun)
        with network.entered():
            assert lan.addresses() == lan.reached_at("0.0.0.0") == lan.reached_at("::") == ("10.77.0.1",)
        assert not [packet for packet in sent(tun) if packet[0] >> 4 == 4]


def sent(tun: int) -> Iterator[bytes]:
    """What went into the network; the kernel says hello in IPv6 by itself."""
    while True:
        try:
            yield os.read(tun, 2_048)
        except BlockingIOError:
            return


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("127.0.0.1", ()),
        ("127.1.2.3", ()),
        ("::1", ()),
        ("localhost", ()),
        ("192.168.1.5", ("192.168.1.5",)),
        ("home.example", ("home.example",)),
    ],
)
def test_server_on_one_address_is_reached_there(host: str, reached: tuple[str, ...]) -> None:
    assert lan.reached_at(host) == reached
