"""The verb `presslight up`: the whole stack in this terminal, until Ctrl-C."""

import logging
from pathlib import Path

import typer
from rich.status import Status

from presslight import lan
from presslight.address import read_address as read_broker
from presslight.address import read_host
from presslight.cloud.store.database import read_address
from presslight.contract.errors import Invalid
from presslight.guard import read_allowed_host, read_metrics_token
from presslight.own_brokers import OWN_BROKERS
from presslight.page_link import DEFAULT_PORT
from presslight.terminal.console import out, print_error, refuse_options
from presslight.terminal.signals import run_until_signal
from presslight.verbs import up_options as options

DEFAULT_PRESS_RATE = 50


def up(  # noqa: PLR0913 -- each is an option of the command
    ctx: typer.Context,
    *,
    broker: options.Broker = "embedded",
    lights: options.Lights = 3,
    host: options.Host = None,
    port: options.Port = DEFAULT_PORT,
    in_lan: options.InLan = False,
    broker_port: options.BrokerPort = None,
    home_assistant: options.HomeAssistant = False,
    ca_file: options.CaFile = None,
    state: options.State = None,
    store: options.Store = None,
    press_rate: options.PressRate = DEFAULT_PRESS_RATE,
    allowed_host: options.AllowedHosts = None,
    metrics_token_file: options.MetricsTokenFile = None,
    logs: options.Logs = "console",
    log_level: options.LogLevel = "warning",
    demo: options.Demo = False,
) -> None:
    """Start broker, bridge and simulated lights in one go; Ctrl-C ends them all."""
    address = read_address(store) if store is not None else None
    place = _host(host, in_lan=in_lan)
    hosts = [read_allowed_host(name) for name in allowed_host or ()]
    metrics_token = None if metrics_token_file is None else read_metrics_token(metrics_token_file)
    _check_options(ctx, broker, ca_file, lights, demo=demo)
    from presslight.cloud.telemetry.logs import configure  # noqa: PLC0415 -- the stack: a wrong option and --help are told without loading it
    from presslight.foreground import stay_up  # noqa: PLC0415 -- the stack
    from presslight.stack import Stack  # noqa: PLC0415 -- the stack
    from presslight.startup_message import StartupMessage  # noqa: PLC0415 -- the stack

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
            demo_phone="demo" if demo or (state is None and store is None) else None,
            on_step=lambda what: status.update(f"starting {what}"),
            on_trouble=print_error,
        )
        shown = StartupMessage(state, home_assistant=home_assistant, in_lan=in_lan)
        run_until_signal(lambda: stay_up(stack, status, shown, demo=demo))


def _check_options(ctx: typer.Context, broker: str, ca_file: Path | None, lights: int, *, demo: bool) -> None:
    """Refuse options that cannot work together. Raises Invalid."""
    if demo and not lights:
        raise Invalid("--demo presses each simulated light, and there is none: --lights")
    if broker in OWN_BROKERS:
        return refuse_options(ctx, "is for a broker that runs elsewhere (--broker mqtts://…)", "ca_file")
    refuse_options(ctx, "is for a broker that is started here", "broker_port")
    if broker.isalpha():
        raise Invalid(f"there is no broker {broker[:40]}: {', '.join(OWN_BROKERS)}, or the address of one, mqtt://…")
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
