"""A stack in this terminal: the body of `presslight up` after its options are read."""

from rich.status import Status
from rich.table import Table

from presslight import full_collections
from presslight.mobile_sim.phone import Phone
from presslight.stack import Stack
from presslight.startup_message import StartupMessage
from presslight.terminal.console import out

BUDGET_MS = 2_000


async def stay_up(stack: Stack, status: Status, shown: StartupMessage, *, demo: bool) -> None:
    """Start a stack, print its links, and run it until cancelled. `demo`: press each light once first."""
    async with stack:
        if demo:
            status.update("pressing each light once")
            table = await press_each(stack)
        status.stop()
        if demo:
            out.print(table)
        shown.print(stack)
        full_collections.make_rare()
        out.print("Ctrl-C ends it.")
        await stack.restart_dead_parts()


async def press_each(stack: Stack) -> Table:
    """Press every light once, as a phone; a table of the times and the budget, in ms."""
    table = Table("light", "says", title="One press each, from the phone to the light")
    for heading in ("press → light", "press → confirmation", "budget"):
        table.add_column(heading, justify="right")
    async with Phone(stack.url, stack.token) as phone:
        for name in stack.names:
            await phone.until(lambda lights, name=name: phone.broker and name in lights and lights[name].online)  # type: ignore[misc] # mypy cannot type a lambda's default
            journey = await phone.press(name, state="ON")
            table.add_row(
                name,
                journey.status,
                _ms(journey.press_to_light_ms, journey.error_ms),
                _ms(journey.total_ms),
                f"{BUDGET_MS:,} ms",
            )
    return table


def _ms(value: float | None, error: float | None = None) -> str:
    if value is None:
        return "–"
    return f"{value:.1f} ms" if error is None else f"{value:.1f} ± {error:.1f} ms"
