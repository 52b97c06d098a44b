import asyncio

import pytest

from contract.cancelling import heed_cancel


async def _try_for_ever(failing: asyncio.Event) -> None:
    """Go on after each failure."""

    async def fail() -> None:
        await failing.wait()
        raise ConnectionError

    while True:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(fail(), name="failing")
                await asyncio.Event().wait()
        except* ConnectionError:
            pass
        heed_cancel()
        await asyncio.Event().wait()


async def _ends(task: asyncio.Task[None]) -> bool:
    """Whether it has ended once there is nothing more to do at once."""
    for _ in range(20):
        await asyncio.sleep(0)
    return task.done()


async def test_loop_that_is_cancelled_in_the_moment_of_a_failure_ends() -> None:
    failing = asyncio.Event()
    loop = asyncio.create_task(_try_for_ever(failing))
    assert not await _ends(loop)
    failing.set()
    loop.cancel()
    assert await _ends(loop)
    assert loop.cancelled()


async def test_loop_that_only_fails_goes_on() -> None:
    failing = asyncio.Event()
    loop = asyncio.create_task(_try_for_ever(failing))
    await _ends(loop)
    failing.set()
    assert not await _ends(loop)
    loop.cancel()
    assert await _ends(loop)


async def test_nothing_is_heeded_where_nothing_was_cancelled() -> None:
    heed_cancel()
    task = asyncio.current_task()
    assert task
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        heed_cancel()
    task.uncancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)
