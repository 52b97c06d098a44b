"""The verb `presslight measure`: a phone that presses, and what the presses took."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from presslight.contract.errors import Invalid, PresslightError, printable
from presslight.contract.words import DEFAULT_PATIENCE_MS, MAX_PATIENCE_MS
from presslight.mobile_sim.address import BridgeAddress
from presslight.mobile_sim.measure import duration, junit, load
from presslight.mobile_sim.measure.report import table
from presslight.mobile_sim.measure.result import Plan, Result, conclude
from presslight.mobile_sim.measure.tally import Tally
from presslight.mobile_sim.phone import Phone
from presslight.terminal.console import err, errors_on_one_line, out, parse_path, print_error, refuse_options
from presslight.terminal.signals import run_until_signal

EXIT_CODES = {"within": 0, "over": 1, "unmeasured": 2}
CONNECT_MS = 3_000
LIGHTS_MS = 3_000
LEAST_WARM_UP = 10
LEAST_PRESS_RATE = 50
LONG_S = 2


class NoToken(PresslightError):
    """A bridge is named without a token."""

    code = "no_token"


class Unwritable(PresslightError):
    """A file for the result cannot be written."""

    code = "unwritable"


@dataclass(frozen=True)
class MeasureRequest:
    """The requested measurement. `url` None: start a stack with `start` lights. `names` empty: all lights online."""

    url: str | None
    token: str
    names: tuple[str, ...]
    start: int
    presses: int
    rate: float
    budget_ms: float

    def plan(self, lights: tuple[str, ...]) -> Plan:
        """The load on these lights. A press may act for longer than the budget, so that one over it is measured too."""
        return Plan(
            lights=lights,
            presses=self.presses,
            warm_up=max(LEAST_WARM_UP, 2 * len(lights)),
            rate=self.rate,
            patience_ms=min(MAX_PATIENCE_MS, max(DEFAULT_PATIENCE_MS, ceil(2 * self.budget_ms))),
            budget_ms=self.budget_ms,
        )


@dataclass(frozen=True)
class ResultFiles:
    """The files for the result; None: not written."""

    json: Path | None
    junit: Path | None

    def check_writable(self) -> None:
        """Check before a run that the files can be written. Raises Unwritable."""
        for path in filter(None, (self.json, self.junit)):
            if not path.parent.is_dir():
                raise Unwritable(f"there is no folder {printable(path.parent)} for {printable(path.name)}")
            try:
                _check_writable(path)
            except OSError as error:
                raise Unwritable(f"{printable(path)}: {error.strerror}") from error

    def write_result(self, result: Result) -> None:
        """Write both. Raises Unwritable."""
        self._write_file(self.json, result.model_dump_json(indent=2) + "\n")
        self._write_file(self.junit, junit.xml(result))

    def write_error(self, error: BaseException) -> None:
        """Tell a CI system that nothing could be measured."""
        self._write_file(self.junit, junit.xml_of_error(getattr(error, "code", "error"), str(error)))

    def _write_file(self, path: Path | None, text: str) -> None:
        if path is None:
            return
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Unwritable(f"{printable(path)}: {error.strerror}") from error


def _check_writable(path: Path) -> None:
    """Check that a file can be written, without changing it. Raises OSError."""
    if path.exists() or path.is_symlink():
        path.open("ab").close()
    else:
        tempfile.TemporaryFile(dir=path.parent).close()


def measure(  # noqa: PLR0913 -- each is an option of the command
    ctx: typer.Context,
    *,
    url: Annotated[
        str | None,
        typer.Option(
            help="The bridge, http://host:port (or https://host/house1 behind a proxy), or the phone page's link. "
            "Without it the stack is started.",
        ),
    ] = None,
    token: Annotated[str, typer.Option(envvar="PRESSLIGHT_TOKEN", help="The phone's token, for --url.")] = "",
    presses: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many presses to count.")] = 400,
    rate: Annotated[float, typer.Option(min=0.1, max=10_000, help="Presses a second, whatever the answers.")] = 40,
    budget: Annotated[str, typer.Option(help="What p99 may take, as 2s or 1500ms.")] = "2s",
    light: Annotated[
        list[str] | None, typer.Option(help="Press this light; may be repeated. Without it all that are online.")
    ] = None,
    lights: Annotated[int, typer.Option(min=1, max=100, help="How many lights to start, without --url.")] = 3,
    json_file: Annotated[
        Path | None, typer.Option("--json", parser=parse_path, help="Write the result as JSON.")
    ] = None,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", parser=parse_path, help="Write the result as JUnit XML.")
    ] = None,
) -> None:
    """Press at a steady rate as a phone does, and measure press → light and press → confirmation.

    The lights are put back as they were. Exit code 0: every press was applied, and both p99 are within the budget.
    1: not so. 2: it could not be measured (no bridge, bad token, no light, generator too late).
    """
    files, results = ResultFiles(json_file, junit_file), list[Result]()
    with errors_on_one_line():
        _check_options(ctx, url, light, files)
        request = MeasureRequest(
            url, token_for(url, token), tuple(dict.fromkeys(light or ())), lights, presses, rate, duration.parse(budget)
        )
        files.check_writable()
    run_until_signal(lambda: _measure(request, files, results))
    if not results:
        print_error("interrupted before anything was measured")
        raise typer.Exit(EXIT_CODES["unmeasured"])
    raise typer.Exit(show(results[0]))


def _check_options(ctx: typer.Context, url: str | None, light: list[str] | None, files: ResultFiles) -> None:
    """Refuse options that would be ignored. Raises Invalid."""
    if url is None:
        refuse_options(ctx, "is for a bridge that runs already (--url)", "token")
    else:
        refuse_options(ctx, "is for a stack that is started, and with --url none is", "lights")
    if light:
        refuse_options(ctx, "is ignored where lights are named (--light)", "lights")
    if files.json and files.json == files.junit:
        raise Invalid("--json and --junit name the same file")


def token_for(url: str | None, token: str) -> str:
    """The token for a bridge: as given, or the one in the page's link. Raises NoToken, Invalid."""
    if url is None:
        return ""
    linked = BridgeAddress.parse(url).token
    if linked and token and linked != token:
        raise Invalid("--url has a token, and --token or PRESSLIGHT_TOKEN another one: give one of them")
    if not linked and not token:
        raise NoToken("a token is needed for --url: --token or PRESSLIGHT_TOKEN")
    return linked or token


def show(result: Result) -> int:
    """Print a result; answer the exit code."""
    out.print(table(result))
    for check in result.checks:
        if check.passed:
            out.print(f"✓ {check.text}", markup=False)
        else:
            print_error(check.text)
    return EXIT_CODES[result.verdict]


async def _measure(request: MeasureRequest, files: ResultFiles, results: list[Result]) -> None:
    try:
        async with _phone(request) as (phone, names):
            plan = request.plan(await load.reachable(phone, names, LIGHTS_MS))
            tally = await _press(phone, plan)
            result = conclude(tally, plan, phone.welcome.bridge)
    except* PresslightError as group:
        files.write_error(group.exceptions[0])
        raise
    files.write_result(result)
    results.append(result)


@asynccontextmanager
async def _phone(request: MeasureRequest) -> AsyncIterator[tuple[Phone, tuple[str, ...]]]:
    """A connected phone, and the lights to press."""
    async with AsyncExitStack() as exits:
        url, token, names = request.url, request.token, request.names
        if url is None:
            url, token, names = await _start_stack(request, exits)
        phone = Phone(url, token, client="presslight measure", connect_ms=CONNECT_MS)
        yield await exits.enter_async_context(phone), names


async def _start_stack(request: MeasureRequest, exits: AsyncExitStack) -> tuple[str, str, tuple[str, ...]]:
    """Start a stack; its URL, a token, and its lights."""
    from presslight.stack import Stack  # noqa: PLC0415 -- whoever measures a bridge that runs needs none of it

    with err.status("starting") as status:
        stack = Stack(
            lights=request.names or request.start,
            press_rate=max(LEAST_PRESS_RATE, ceil(2 * request.rate)),
            on_step=lambda what: status.update(f"starting {what}"),
        )
        await exits.enter_async_context(stack)
    return stack.url, stack.token, stack.names


async def _press(phone: Phone, plan: Plan) -> Tally:
    columns = TextColumn("pressing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    is_long = (plan.presses + plan.warm_up) / plan.rate > LONG_S
    with Progress(*columns, console=err, transient=True, disable=not (is_long and err.is_terminal)) as bar:
        task = bar.add_task("pressing", total=plan.presses + plan.warm_up)
        return await load.run(phone, plan, lambda done: bar.update(task, completed=done))
