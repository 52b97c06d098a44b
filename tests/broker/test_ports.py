"""Listening sockets."""

import socket

import pytest

from broker import ports
from broker.errors import CannotListen, PortInUse


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_connections_inherit_that_nothing_is_delayed(host: str) -> None:
    with ports.listen(host, 0) as listener, socket.create_connection(listener.getsockname()[:2]):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_free_port_can_be_listened_on() -> None:
    ports.listen("127.0.0.1", ports.free("127.0.0.1")).close()


def test_port_in_use_and_impossible_ports_are_told_apart() -> None:
    with ports.listen("127.0.0.1", 0) as listener, pytest.raises(PortInUse):
        ports.listen("127.0.0.1", listener.getsockname()[1])
    for port in (-1, 65_536):
        with pytest.raises(CannotListen, match=f"no port {port}"):
            ports.listen("127.0.0.1", port)


@pytest.mark.parametrize(("host", "reached"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.0.2.7", "192.0.2.7")])
def test_every_address_is_reached_at_the_loopback_one(host: str, reached: str) -> None:
    assert ports.reachable(host) == reached
