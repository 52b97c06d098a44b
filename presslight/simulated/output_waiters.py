"""Waiters for a light's output, and watchers of each output."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from presslight.simulated.light_output import LightOutput

Condition: TypeAlias = Callable[[LightOutput], bool]


class OutputWaiters:
    """Passes each output, however short, to waiters and watchers."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[LightOutput], Condition] = {}
        self._watchers: list[Callable[[LightOutput], object]] = []

    def add_watcher(self, watcher: Callable[[LightOutput], object]) -> None:
        """Call `watcher` with each output from now on."""
        self._watchers.append(watcher)

    async def until(self, condition: Condition) -> LightOutput:
        """The first output from now on that meets `condition`. Raises the error given to `fail`, or the condition's."""
        future: asyncio.Future[LightOutput] = asyncio.get_running_loop().create_future()
        self._waiting[future] = condition
        try:
            return await future
        finally:
            del self._waiting[future]

    def notify(self, output: LightOutput) -> None:
        """Pass the next output to all watchers and waiters."""
        for watcher in self._watchers:
            watcher(output)
        for future, condition in self._waiting.items():
            if not future.done():
                _judge(future, condition, output)

    def fail(self, error: Exception) -> None:
        """Raise `error` in all waiters."""
        for future in self._waiting:
            if not future.done():
                future.set_exception(error)


def _judge(future: asyncio.Future[LightOutput], condition: Condition, output: LightOutput) -> None:
    try:
        if condition(output):
            future.set_result(output)
    except Exception as error:
        future.set_exception(error)  # in the caller that gave the condition
