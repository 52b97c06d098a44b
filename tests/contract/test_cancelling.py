import asyncio

import pytest

from presslight.contract.cancelling import raise_if_cancelled


async def _fail(failing: asyncio.Event) -> None:
    await failing.wait()
    raise ConnectionError


async def _live(failing: asyncio.Event, cleaned: asyncio.Event) -> None:
    """Fail when it is time, and clean up after that."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_fail(failing), name="failing")
            await asyncio.Event().wait()
    except ExceptionGroup:
        await raise_if_cancelled()
        raise
    finally:
        await asyncio.sleep(0)
        cleaned.set()


async def _try_for_ever(failing: asyncio.Event, cleaned: asyncio.Event) -> None:
    """Go on after each failure."""
    while True:
        try:
            await _live(failing, cleaned)
        except* ConnectionError:
            pass
        await raise_if_cancelled()
        await asyncio.Event().wait()


async def _ends(task: asyncio.Task[None]) -> bool:
    """Whether it has ended once there is nothing more to do at once."""
    for _ in range(20):
        await asyncio.sleep(0)
    return task.done()


async def test_loop_that_is_cancelled_in_the_moment_of_a_failure_cleans_up_and_ends() -> None:
    failing, cleaned = asyncio.Event(), asyncio.Event()
    loop = asyncio.create_task(_try_for_ever(failing, cleaned))
    assert not await _ends(loop)
    failing.set()
    loop.cancel()
    assert await _ends(loop)
    assert loop.cancelled()
    assert cleaned.is_set()


async def test_loop_that_is_cancelled_in_the_moment_of_a_time_out_ends() -> None:
    """`asyncio.timeout` counts its own cancellation back, and no other."""

    async def wait_for_ever() -> None:
        while True:
            try:
                async with asyncio.timeout(0):
                    await asyncio.Event().wait()
            except TimeoutError:
                pass
            await raise_if_cancelled()

    loop = asyncio.create_task(wait_for_ever())
    assert not await _ends(loop)
    loop.cancel()
    assert await _ends(loop)
    assert loop.cancelled()


async def test_loop_that_only_fails_cleans_up_and_goes_on() -> None:
    failing, cleaned = asyncio.Event(), asyncio.Event()
    loop = asyncio.create_task(_try_for_ever(failing, cleaned))
    await _ends(loop)
    failing.set()
    assert not await _ends(loop)
    assert cleaned.is_set()
    loop.cancel()
    assert await _ends(loop)


async def test_nothing_is_heeded_where_nothing_was_cancelled() -> None:
    await raise_if_cancelled()


async def test_a_heeded_cancel_interrupts_nothing_later() -> None:
    task = asyncio.current_task()
    assert task
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await raise_if_cancelled()
    await asyncio.sleep(0)
    task.uncancel()
    await raise_if_cancelled()
