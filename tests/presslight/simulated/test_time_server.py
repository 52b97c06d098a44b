"""The time that a simulated light is told."""

import asyncio
import socket
import time

import pytest

from lamp import sntp
from presslight.simulated.time_server import SIZE, TimeServer, encode_response

WAIT_S = 10
QUESTION = sntp.packet(b"12345678")


async def asked(*questions: bytes) -> bytes:
    """The first answer to any of these."""
    async with TimeServer() as server, asyncio.timeout(WAIT_S):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect(("127.0.0.1", server.port))
            for question in questions:
                client.send(question)
            return await asyncio.get_running_loop().sock_recv(client, 512)


async def test_server_tells_the_time_of_this_machine() -> None:
    assert abs(sntp.answer(await asked(QUESTION), QUESTION) - time.time()) < WAIT_S


async def test_server_answers_questions_alone() -> None:
    nonsense = (b"", b"x", QUESTION[: SIZE - 1], b"\x24" + QUESTION[1:])
    assert sntp.answer(await asked(*nonsense, QUESTION), QUESTION)


@pytest.mark.parametrize("now", [0.5, 1_800_000_000.25, 2_085_978_495.5, 2_085_978_497.0])
def test_answer_is_read_as_the_second_that_it_was_made_in(now: float) -> None:
    assert sntp.answer(encode_response(QUESTION, now), QUESTION) == int(now)
