"""The queue inside the embedded broker. (What else `engine` puts right: test_delivery, test_embedded, test_hostile.)"""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from presslight.broker.embedded.amqtt_engine import CLIENT_ERRORS, AmqttEngine, Message, Subscription
from presslight.broker.embedded.fair_queue import FairQueue
from presslight.broker.refusals import RefusalKind, Refusals


async def test_full_queue_lets_in_who_waited_longest() -> None:
    queue = FairQueue(1)
    await queue.put({"n": 0})
    patient = asyncio.create_task(queue.put({"n": 1}))
    await asyncio.wait([patient], timeout=0)
    greedy = asyncio.create_task(queue.put({"n": 2}))
    got = [(await queue.get())["n"] for _ in range(3)]
    await asyncio.gather(patient, greedy)
    assert got == [0, 1, 2]


async def test_greedy_client_does_not_starve_a_patient_one() -> None:
    queue = FairQueue(1)

    async def greedy() -> None:
        while True:
            await queue.put({"from": "greedy"})

    task = asyncio.create_task(greedy())
    await queue.get()
    patient = asyncio.create_task(queue.put({"from": "patient"}))
    first = [(await queue.get())["from"] for _ in range(4)]
    task.cancel()
    await patient
    assert "patient" in first


@pytest.mark.parametrize("trouble", CLIENT_ERRORS)
async def test_retained_message_that_nobody_acknowledges_is_counted(trouble: type[Exception]) -> None:
    async def never(*_: Any, **__: Any) -> None:
        raise trouble("no PUBACK within 5 s")

    refusals = Refusals()
    client: Any = SimpleNamespace(user="bridge", receive_maximum=None, accepts_size=lambda _: True)
    async with asyncio.TaskGroup() as tasks:
        engine = AmqttEngine(refusals, tasks, {})
        engine.retained_messages["a/topic"] = Message("kitchen", "a/topic", b"\0x", 1, retain=True, at=0)
        engine._send_retained(client, SimpleNamespace(mqtt_publish=never), "a/+", Subscription(options=1, identifier=0))
    assert refusals.counts == {("bridge", RefusalKind.UNREAD): 1}


async def test_error_in_one_delivery_is_logged_and_ends_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    client: Any = SimpleNamespace(user="bridge", receive_maximum=None, accepts_size=lambda _: True)
    async with asyncio.TaskGroup() as tasks:
        engine = AmqttEngine(Refusals(), tasks, {})
        engine._schedule_send(
            client, SimpleNamespace(mqtt_publish=breaks), Message("hall", "a", b"\0", 1, False, 0), retain=False
        )
        other = tasks.create_task(asyncio.sleep(0, "done"))
    assert other.result() == "done"
    assert [record.getMessage() for record in caplog.records] == ["a message to bridge was lost by an error"]
    caplog.clear()
