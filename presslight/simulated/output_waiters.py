"""Those who look at a light: some wait until they see something, some are told of all there is to see."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from presslight.simulated.light_output import Glow

Condition: TypeAlias = Callable[[Glow], bool]


class Audience:
    """Sees one glow after the other, each of them, however short it lasts."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[Glow], Condition] = {}
        self._watchers: list[Callable[[Glow], object]] = []

    def watch(self, watcher: Callable[[Glow], object]) -> None:
        """Call `watcher` with each glow from now on."""
        self._watchers.append(watcher)

    async def until(self, condition: Condition) -> Glow:
        """The first glow from now on that meets `condition`. Raises what `fail` was given, or the condition's error."""
        seen: asyncio.Future[Glow] = asyncio.get_running_loop().create_future()
        self._waiting[seen] = condition
        try:
            return await seen
        finally:
            del self._waiting[seen]

    def show(self, glow: Glow) -> None:
        """Show the next glow to all."""
        for watcher in self._watchers:
            watcher(glow)
        for seen, condition in self._waiting.items():
            if not seen.done():
                _judge(seen, condition, glow)

    def fail(self, error: Exception) -> None:
        """Tell those who wait that they wait in vain."""
        for seen in self._waiting:
            if not seen.done():
                seen.set_exception(error)


def _judge(seen: asyncio.Future[Glow], condition: Condition, glow: Glow) -> None:
    try:
        if condition(glow):
            seen.set_result(glow)
    except Exception as error:
        seen.set_exception(error)  # to whoever asked with that condition
