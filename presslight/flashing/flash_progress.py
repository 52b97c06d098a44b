"""Progress bar of a flashing."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from presslight.flashing.flash_plan import Step
from presslight.terminal.console import err


class FlashProgress:
    """`with FlashProgress(9) as progress`: the current one of so many steps."""

    def __init__(self, steps: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=err)
        self._task = self._progress.add_task("", total=steps)

    def begin(self, step: Step) -> None:
        """Show the title of `step`."""
        self._progress.update(self._task, description=step.title)

    def finish_step(self) -> None:
        """Count the step as done."""
        self._progress.advance(self._task)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
