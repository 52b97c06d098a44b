"""How many messages are on their way to a client at once."""

import asyncio

import pytest

from presslight.broker.embedded.receive_maximum import ReceiveMaximum


async def test_messages_wait_in_turn_for_what_is_not_acknowledged() -> None:
    receive_maximum, sent, acknowledged = ReceiveMaximum(2), asyncio.Queue[int](), asyncio.Semaphore(0)

    async def send(number: int) -> None:
        async with receive_maximum.slot(10):
            sent.put_nowait(number)
            await acknowledged.acquire()

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(send(number))
        assert [await sent.get() for _ in range(2)] == [0, 1]
        for number in range(2, 5):
            owed = 7 - number
            assert (sent.empty(), receive_maximum.unacknowledged, receive_maximum.unacknowledged_bytes) == (
                True,
                owed,
                10 * owed,
            )
            acknowledged.release()
            assert await sent.get() == number
        for _ in range(2):
            acknowledged.release()
    assert (receive_maximum.unacknowledged, receive_maximum.unacknowledged_bytes) == (0, 0)


async def test_message_that_is_given_up_makes_room() -> None:
    receive_maximum = ReceiveMaximum(1)
    with pytest.raises(TimeoutError):
        async with receive_maximum.slot(10):
            raise TimeoutError
    async with asyncio.timeout(5), receive_maximum.slot(10):
        assert (receive_maximum.unacknowledged, receive_maximum.unacknowledged_bytes) == (1, 10)
