"""Listening sockets."""

import socket
from pathlib import Path

import pytest

from presslight.broker import ports
from presslight.broker.errors import CannotListen, PortInUse
from presslight.contract import tcp


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_connections_inherit_that_nothing_is_delayed_and_little_taken_unread(host: str) -> None:
    with ports.open_listener(host, 0) as listener, socket.create_connection(listener.getsockname()[:2]):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) <= 2 * tcp.RECEIVE_BUFFER_BYTES


def test_free_port_can_be_listened_on() -> None:
    ports.open_listener("127.0.0.1", ports.find_free_port("127.0.0.1")).close()


def test_free_port_is_none_that_an_outgoing_connection_could_take() -> None:
    lent = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(ports.find_free_port("127.0.0.1") < lent for _ in range(20))


def test_port_that_is_taken_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with ports.open_listener("127.0.0.1", ports.find_free_port("127.0.0.1")) as listener:
        monkeypatch.setattr(ports, "CANDIDATE_PORTS", [listener.getsockname()[1]])
        monkeypatch.setattr(ports, "ATTEMPTS", 1)
        with pytest.raises(PortInUse, match="no port is free"):
            ports.find_free_port("127.0.0.1")


def test_port_in_use_and_impossible_ports_are_told_apart() -> None:
    with ports.open_listener("127.0.0.1", 0) as listener, pytest.raises(PortInUse):
        ports.open_listener("127.0.0.1", listener.getsockname()[1])
    for port in (-1, 65_536):
        with pytest.raises(CannotListen, match=f"no port {port}"):
            ports.open_listener("127.0.0.1", port)


@pytest.mark.parametrize(("host", "reached"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.0.2.7", "192.0.2.7")])
def test_every_address_is_reached_at_the_loopback_one(host: str, reached: str) -> None:
    assert tcp.reachable(host) == reached
