"""Run every measurement and print what was reached beside what was aimed for. It asserts nothing.

What cannot be measured is told in one line after the table of all that was, with exit code 1; so is Ctrl-C.
"""

import argparse
import asyncio
import logging
import resource
import signal
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from presslight.broker.mosquitto import Mosquitto
from presslight.contract.errors import PresslightError
from presslight.terminal.console import print_error
from presslight.terminal.signals import SIGNALS, run_until_signal
from tests.bench.measurements import FULL, SHORT, Bench, Sizes, accounts

LIMIT_S = 600
"""How long one measurement may take."""

console = Console(highlight=False)


class Run:
    """One run: its table, and what it could not measure (empty once all was)."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.table = Table(
            "measured", "reached", "aimed for", "", title="presslight, measured in one run on this machine"
        )
        self.at = "the start"
        self.trouble = "stopped"

    async def measure(self) -> None:
        """Run the measurements up to the first that fails; it is told, never raised."""
        try:
            await self._measure_all()
            self.trouble = ""
        except Exception as error:
            self.trouble = _in_one_line(error)

    def tell(self) -> int:
        """Print what was measured, and what was not; 1 where anything was not."""
        console.print(self.table)
        if self.trouble:
            print_error(f"{self.at} could not be measured: {self.trouble}")
        return int(bool(self.trouble))

    async def _measure_all(self) -> None:
        with tempfile.TemporaryDirectory(prefix="presslight-bench-") as folder:
            users = accounts(self.sizes)
            async with Mosquitto(users, Path(folder) / "mosquitto") as broker, asyncio.TaskGroup() as tasks:
                watch = tasks.create_task(broker.wait_until_stopped(), name="watch the broker")
                await self._measure_each(Bench(self.sizes, users, broker.address, Path(folder)))
                watch.cancel()

    async def _measure_each(self, bench: Bench) -> None:
        for measurement in (
            bench.above_the_floor,
            bench.throughput,
            bench.fan_out,
            bench.lights,
            bench.tick,
            bench.footprint,
        ):
            self.at = measurement.__name__.replace("_", " ")
            console.print(f"measuring {self.at}")
            async with asyncio.timeout(LIMIT_S):
                rows = await measurement()
            for what, reached, target, holds in rows:
                self.table.add_row(what, reached, target, ("yes" if holds else "NO") if target else "")


def _in_one_line(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    ours = str(error) and isinstance(error, PresslightError | RuntimeError)
    return " ".join(str(error).split()) if ours else " ".join(f"{type(error).__name__} {error}".split())


def _open_many_files() -> None:
    """Let this process and its children have as many sockets as the machine allows: many set a low soft limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> int:
    """Measure and print the table. Exits 0 where all was measured, whatever the figures, and else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="seconds, to see that all is measured; no figures to keep")
    run = Run(SHORT if parser.parse_args().short else FULL)
    _open_many_files()
    logging.getLogger("presslight").addHandler(logging.NullHandler())  # what fails is told once, in the end
    run_until_signal(run.measure)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C would cut off what it has to say
    return run.tell()
