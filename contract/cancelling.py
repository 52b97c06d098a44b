"""A cancelled task that must end although something else happened in the same moment."""

import asyncio


async def raise_if_cancelled() -> None:
    """Raise CancelledError if the present task was cancelled. To be asked by loops that go on after a failure.

    Where a task of a TaskGroup fails in the moment in which the group's own task is cancelled, the failure is raised.
    Python before 3.13 then forgets the cancellation, and before 3.12 `asyncio.wait_for` prefers a result to it: a loop
    that tries again would never end. From 3.13 on it is raised by the next await: what cleans up must not be that one.
    So ask right after the group too, before anything is awaited there. It counts right only where the body of the
    group still waits when its tasks fail.
    """
    await asyncio.sleep(0)  # takes a cancellation that still waits, so that it interrupts nothing later
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
