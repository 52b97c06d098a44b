"""A task that fails unseen fails its test."""

import asyncio


async def fail() -> None:
    raise RuntimeError("this is lost")


async def test_exception_of_a_task_that_nobody_awaits_is_found_with_its_place(lost_exceptions: list[str]) -> None:
    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    assert not lost_exceptions
    del task
    assert len(lost_exceptions) == 1
    assert "Task exception was never retrieved" in lost_exceptions[0]
    assert "in fail" in lost_exceptions[0]
    lost_exceptions.clear()


async def test_exception_that_is_awaited_is_not_lost(lost_exceptions: list[str]) -> None:
    task = asyncio.create_task(fail())
    await asyncio.gather(task, return_exceptions=True)
    del task
    assert not lost_exceptions
