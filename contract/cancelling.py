"""A cancelled task that must end although something else happened in the same moment."""

import asyncio


def heed_cancel() -> None:
    """Raise CancelledError if the present task was cancelled. To be asked by loops that go on after a failure.

    Where a task of a TaskGroup fails in the moment in which the group's own task is cancelled, Python before 3.13
    raises the failure only, and before 3.12 `asyncio.wait_for` prefers a result to a cancellation: a loop that tries
    again would never end. It counts right only where the body of the group still waits when its tasks fail.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
