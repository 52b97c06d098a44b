"""The flashing itself: takes the steps, and asks the board before anything on it is changed."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from contract.errors import Invalid
from presslight import tool
from presslight.board import Board, read_board
from presslight.console import err, out
from presslight.flash_order import Order
from presslight.flash_plan import Step, staged_files
from presslight.light_settings import write_secret
from presslight.temporary_folder import temporary_folder


async def fulfil(order: Order) -> None:
    """Do all of it. Raises `ToolFailed`, and Invalid for a board that cannot be this light."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with temporary_folder("flash") as private, Progress(*columns, console=err) as progress:
        plan = replace(order.plan, staging=private)
        task = progress.add_task("", total=len(list(order.steps())))
        shown = Shown(progress, task)
        await take(plan.write_image(), plan.port, shown)
        board = read_board(await take([plan.ask()], plan.port, shown))
        await _check(order, board, shown)
        setup = order.setup(board)
        for name, text in staged_files(setup).items():
            write_secret(private / name, text)
        await take(chain(plan.copy(setup), [plan.start()]), plan.port, shown)
    out.print(f"The chip on {plan.port} has its firmware and starts it now.")


class Shown:
    """The progress, on the terminal."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def begin(self, step: Step) -> None:
        """Say what is done now."""
        self._progress.update(self._task, description=step.title)

    def end(self) -> None:
        """Count it."""
        self._progress.advance(self._task)

    def warn(self, sentence: str) -> None:
        """Say what may surprise, above the progress."""
        self._progress.console.print(f"presslight: {sentence}", markup=False, soft_wrap=True)


async def take(steps: Iterable[Step], port: str, shown: Shown) -> str:
    """Take each step; what the last one printed. Raises `ToolFailed`."""
    printed = ""
    for step in steps:
        shown.begin(step)
        printed = await tool.insist(step.command, port, step.limit_s, step.patience_s)
        shown.end()
    return printed


async def _check(order: Order, board: Board, shown: Shown) -> None:
    """Refuse a board, which goes on with what it did before it was asked; nothing on it was changed."""
    try:
        order.check_board(board)
    except Invalid:
        await take([order.plan.start()], order.plan.port, shown)
        raise
    for sentence in order.warnings(board):
        shown.warn(sentence)
