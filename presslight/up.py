"""The verb `presslight up`: the whole stack in this terminal, until Ctrl-C."""

import logging
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.status import Status
from rich.table import Table

from cloud.database import read_address
from cloud.logs import configure
from contract.errors import Invalid
from mobile_sim.phone import Phone
from presslight import lan
from presslight.address import read_address as read_broker
from presslight.console import complain, given_path, out, refuse_written, run_until_signal
from presslight.shown import Shown
from presslight.stack import OWN_BROKERS, Stack

BUDGET_MS = 2_000
DEFAULT_PORT = 8787
DEFAULT_PRESS_RATE = 50


def up(  # noqa: PLR0913 -- each is an option of the command
    ctx: typer.Context,
    *,
    broker: Annotated[
        str,
        typer.Option(
            envvar="PRESSLIGHT_BROKER",
            help="`embedded` (amqtt, nothing to install), `mosquitto` (started here), the address of one that runs "
            "(mqtt://user:password@host, mqtts://…), or @FILE that holds the address.",
        ),
    ] = "embedded",
    lights: Annotated[int, typer.Option(min=0, max=500, help="How many simulated lights to start.")] = 3,
    host: Annotated[
        str | None, typer.Option(help="Where the bridge listens; 127.0.0.1 unless you say otherwise.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The bridge's port; 0 takes a free one.")] = DEFAULT_PORT,
    in_lan: Annotated[
        bool,
        typer.Option("--lan", help="Let your network reach the bridge, and the broker where it is started here."),
    ] = False,
    broker_port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="The port of a broker that is started here; it stays, with --state."),
    ] = None,
    home_assistant: Annotated[
        bool, typer.Option("--home-assistant", help="Make an account for Home Assistant and print what its form asks.")
    ] = False,
    ca_file: Annotated[
        Path | None,
        typer.Option(
            envvar="PRESSLIGHT_CA_FILE", parser=given_path, help="For mqtts: the certificate (PEM) of the broker's CA."
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            parser=given_path,
            help="A folder that keeps accounts, tokens, presses, lights. Without it they end with the run.",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            envvar="PRESSLIGHT_STORE",
            help="Where presses and tokens stay instead: a file, or the PostgreSQL that several bridges share "
            "(postgresql://user@host/database; PGPASSWORD or a password file has its password).",
        ),
    ] = None,
    press_rate: Annotated[
        int, typer.Option(min=1, help="Presses per second that one phone may make (twice that at once).")
    ] = DEFAULT_PRESS_RATE,
    logs: Annotated[
        Literal["console", "json"], typer.Option(help="How log lines look; they go to stderr.")
    ] = "console",
    log_level: Annotated[
        Literal["warning", "info", "debug"],
        typer.Option(help="How much is logged; with debug each word on each press, with its key."),
    ] = "warning",
    demo: Annotated[bool, typer.Option("--demo", help="Press each light once and print how long it took.")] = False,
) -> None:
    """Start broker, bridge and simulated lights in one go; Ctrl-C ends them all."""
    address = read_address(store) if store is not None else None
    place = _host(host, in_lan=in_lan)
    _check(ctx, broker, ca_file, lights, demo=demo)
    configure(logs, logging.getLevelNamesMapping()[log_level.upper()])
    with Status("starting", console=out) as status:
        stack = Stack(
            broker=broker,
            lights=lights,
            host=place,
            port=port,
            broker_host=lan.EVERY_ADDRESS if in_lan else "127.0.0.1",
            broker_port=broker_port,
            home_assistant=home_assistant,
            folder=state,
            store=address,
            press_rate=press_rate,
            ca_file=ca_file,
            guest="demo" if demo or (state is None and store is None) else None,
            step=lambda what: status.update(f"starting {what}"),
            trouble=complain,
        )
        shown = Shown(state, home_assistant=home_assistant, in_lan=in_lan)
        run_until_signal(lambda: _stay_up(stack, status, shown, demo=demo))


def _check(ctx: typer.Context, broker: str, ca_file: Path | None, lights: int, *, demo: bool) -> None:
    """Refuse what cannot work together. Raises Invalid."""
    if demo and not lights:
        raise Invalid("--demo presses each simulated light, and there is none: --lights")
    if broker in OWN_BROKERS:
        return refuse_written(ctx, "is for a broker that runs elsewhere (--broker mqtts://…)", "ca_file")
    refuse_written(ctx, "is for a broker that is started here", "broker_port")
    user = read_broker(broker, ca_file=ca_file).username
    if user is not None and lights:
        raise Invalid(f"each light signs in under its own name, and this broker address is of {user!r}: --lights 0")
    return None


def _host(host: str | None, *, in_lan: bool) -> str:
    if in_lan and host is not None:
        raise Invalid("--lan says where to listen, and so does --host: give one of them")
    return lan.EVERY_ADDRESS if in_lan else host or "127.0.0.1"


async def _stay_up(stack: Stack, status: Status, shown: Shown, *, demo: bool) -> None:
    async with stack:
        if demo:
            status.update("pressing each light once")
            table = await press_each(stack)
        status.stop()
        if demo:
            out.print(table)
        shown.print(stack)
        out.print("Ctrl-C ends it.")
        await stack.watch()


async def press_each(stack: Stack) -> Table:
    """Press every light once, as a phone, and give the times beside the budget."""
    table = Table("light", "says", title="One press each, from the phone to the light")
    for heading in ("press → light", "press → confirmation", "budget"):
        table.add_column(heading, justify="right")
    async with Phone(stack.url, stack.token) as phone:
        for name in stack.names:
            await phone.until(lambda lights, name=name: phone.broker and name in lights and lights[name].online)  # type: ignore[misc] # mypy cannot type a lambda's default
            journey = await phone.press(name, state="ON")
            table.add_row(
                name,
                journey.word,
                _ms(journey.press_to_light_ms, journey.error_ms),
                _ms(journey.total_ms),
                f"{BUDGET_MS:,} ms",
            )
    return table


def _ms(value: float | None, error: float | None = None) -> str:
    if value is None:
        return "–"
    return f"{value:.1f} ms" if error is None else f"{value:.1f} ± {error:.1f} ms"
