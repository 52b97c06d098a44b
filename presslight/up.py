"""The verb `presslight up`: the whole stack in this terminal, until Ctrl-C."""

import logging
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.status import Status

from cloud.database import read_address
from contract.errors import Invalid
from presslight import lan
from presslight.address import read_address as read_broker
from presslight.address import read_host
from presslight.broker_port import OWN_BROKERS
from presslight.console import complain, given_path, out, refuse_written
from presslight.guard import read_allowed_host, read_metrics_token
from presslight.page_link import DEFAULT_PORT
from presslight.signals import run_until_signal

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
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            envvar="PRESSLIGHT_ALLOWED_HOSTS",
            help="A name under which phones reach the page, as behind a proxy; once for each. Addresses and this "
            "machine's own names need none. * takes all.",
        ),
    ] = None,
    metrics_token_file: Annotated[
        Path | None,
        typer.Option(
            envvar="PRESSLIGHT_METRICS_TOKEN_FILE",
            parser=given_path,
            help="A file with the token for /metrics; without it only this machine may ask for them.",
        ),
    ] = None,
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
    hosts = [read_allowed_host(name) for name in allowed_host or ()]
    metrics_token = None if metrics_token_file is None else read_metrics_token(metrics_token_file)
    _check(ctx, broker, ca_file, lights, demo=demo)
    # What follows is the whole stack; a wrong option and --help are told without loading it.
    from cloud.logs import configure  # noqa: PLC0415
    from presslight.foreground import stay_up  # noqa: PLC0415
    from presslight.shown import Shown  # noqa: PLC0415
    from presslight.stack import Stack  # noqa: PLC0415

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
            allowed_hosts=hosts,
            metrics_token=metrics_token,
            ca_file=ca_file,
            guest="demo" if demo or (state is None and store is None) else None,
            step=lambda what: status.update(f"starting {what}"),
            trouble=complain,
        )
        shown = Shown(state, home_assistant=home_assistant, in_lan=in_lan)
        run_until_signal(lambda: stay_up(stack, status, shown, demo=demo))


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
    if host is not None:
        return read_host(host)
    return lan.EVERY_ADDRESS if in_lan else "127.0.0.1"
