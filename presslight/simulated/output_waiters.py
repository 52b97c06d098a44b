"""Those who look at a light: some wait until they see something, some are told of all there is to see."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from presslight.simulated.light_output import LightOutput

Condition: TypeAlias = Callable[[LightOutput], bool]


class OutputWaiters:
    """Sees one glow after the other, each of them, however short it lasts."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[LightOutput], Condition] = {}
        self._watchers: list[Callable[[LightOutput], object]] = []

    def watch(self, watcher: Callable[[LightOutput], object]) -> None:
        """Call `watcher` with each glow from now on."""
        self._watchers.append(watcher)

    async def until(self, condition: Condition) -> LightOutput:
        """The first glow from now on that meets `condition`. Raises what `fail` was given, or the condition's error."""
        future: asyncio.Future[LightOutput] = asyncio.get_running_loop().create_future()
        self._waiting[future] = condition
        try:
            return await future
        finally:
            del self._waiting[future]

    def notify(self, output: LightOutput) -> None:
        """Show the next glow to all."""
        for watcher in self._watchers:
            watcher(output)
        for future, condition in self._waiting.items():
            if not future.done():
                _judge(future, condition, output)

    def fail(self, error: Exception) -> None:
        """Tell those who wait that they wait in vain."""
        for future in self._waiting:
            if not future.done():
                future.set_exception(error)


def _judge(future: asyncio.Future[LightOutput], condition: Condition, output: LightOutput) -> None:
    try:
        if condition(output):
            future.set_result(output)
    except Exception as error:
        future.set_exception(error)  # to whoever asked with that condition
