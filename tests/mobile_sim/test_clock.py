import asyncio

from presslight.mobile_sim.clock import now_ms, wait_for_event


def test_clock_goes_forward_in_milliseconds() -> None:
    readings = [now_ms() for _ in range(1_000)]
    assert readings == sorted(readings)
    assert readings[-1] - readings[0] < 60_000


async def test_wait_ends_with_the_event_and_clears_it() -> None:
    event = asyncio.Event()
    event.set()
    await wait_for_event(event, 60_000)
    assert not event.is_set()


async def test_wait_ends_with_the_time() -> None:
    event = asyncio.Event()
    await wait_for_event(event, 1)
    await wait_for_event(event, -1)
    assert not event.is_set()
