"""How far a flashing is, on the terminal."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from presslight.flashing.flash_plan import Step
from presslight.terminal.console import err


class FlashProgress:
    """`with FlashProgress(9) as shown`: of so many steps, which one is being taken."""

    def __init__(self, steps: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=err)
        self._task = self._progress.add_task("", total=steps)

    def begin(self, step: Step) -> None:
        """Say what is done now."""
        self._progress.update(self._task, description=step.title)

    def end(self) -> None:
        """Count it."""
        self._progress.advance(self._task)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
