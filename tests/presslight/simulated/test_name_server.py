"""The name server of simulated lights, asked over its own socket."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamp import dns
from presslight.simulated.name_server import NameServer, encode_response, queried_name

WAIT_S = 20


async def asked(name: str) -> tuple[str, ...]:
    """What a light would take from the answer; raises OSError as it does."""
    loop = asyncio.get_running_loop()
    question = dns.packet(name, b"MN")
    async with NameServer() as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as light:
            light.setblocking(False)
            host, port = server.address.split()
            light.connect((host, int(port)))
            await loop.sock_sendall(light, b"garbage")
            await loop.sock_sendall(light, question)
            async with asyncio.timeout(WAIT_S):
                found: tuple[str, ...] = dns.answer(await loop.sock_recv(light, 512), question)
                return found


async def test_name_that_this_machine_knows() -> None:
    assert await asked("localhost") == ("127.0.0.1",)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, "no such name"), "unknown"),
        (socket.gaierror(socket.EAI_AGAIN, "no name server"), "refuses"),
        (UnicodeError("label too long"), "refuses"),
    ],
    ids=["unknown", "no answer", "no name"],
)
async def test_name_that_this_machine_does_not_know(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def look_up(*_: object, **__: object) -> list[object]:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(OSError, match=said):
        await asked("broker.example")


def test_answer_is_what_a_light_reads() -> None:
    question = dns.packet("broker.example", b"MN")
    assert dns.answer(encode_response(question, ["192.0.2.7", "192.0.2.8"]), question) == ("192.0.2.7", "192.0.2.8")


@given(st.binary(max_size=64))
def test_any_datagram_is_a_question_or_none(datagram: bytes) -> None:
    assert queried_name(datagram) is None or datagram[4:6] == b"\0\1"
