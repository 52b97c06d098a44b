import socket
from contextlib import suppress

import pytest

from presslight.contract import tcp


def test_small_frames_leave_at_once_also_from_what_a_tuned_listener_accepts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tcp.tune(listener)
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.skipif(not tcp.has_rto_max(), reason="needs Linux 6.15 or later")
def test_lost_packets_are_sent_again_each_second_also_from_what_a_tuned_listener_accepts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tcp.tune(listener)
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, tcp._RTO_MAX) == tcp.RTO_MAX_MS


def test_kernel_that_knows_less_gets_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "_RTO_MAX", 250)
    with socket.socket() as sock:
        tcp.tune(sock)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert not tcp.has_rto_max()


def test_what_a_client_sends_unread_is_bounded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tcp.tune_listening(listener)
        with socket.create_connection(listener.getsockname()) as client, listener.accept()[0]:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, tcp.RECEIVE_BUFFER_BYTES)
            client.setblocking(False)
            sent = 0
            with suppress(BlockingIOError):
                while sent < 100 * tcp.RECEIVE_BUFFER_BYTES:
                    sent += client.send(bytes(4_096))
    assert sent < 8 * tcp.RECEIVE_BUFFER_BYTES
