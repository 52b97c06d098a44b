import socket

import pytest

from tests.cloud.conftest import House
from tests.cloud.uvicorn_protocols.raw_http import GET


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_connection_whose_answers_nobody_reads_is_kept_no_longer_than_an_idle_one(
    house: House, monkeypatch: pytest.MonkeyPatch, version: bytes
) -> None:
    monkeypatch.setattr(house.server._server.config, "timeout_keep_alive", 0.1)
    page = GET.replace(b"/healthz", b"/").replace(b"1.1", version)
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        deaf.connect((house.server.host, house.server.port))
        deaf.sendall(page * 9)
        await house.until(lambda: len(house.server.connections) == 1)
        await house.until(lambda: not house.server.connections)
