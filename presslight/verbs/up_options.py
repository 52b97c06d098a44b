"""The options of `presslight up`, each with what its help says."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from presslight.terminal.console import parse_path

Broker: TypeAlias = Annotated[
    str,
    typer.Option(
        envvar="PRESSLIGHT_BROKER",
        help="`embedded` (amqtt, nothing to install), `mosquitto` (started here), the address of one that runs "
        "(mqtt://user:password@host, mqtts://…), or @FILE that holds the address.",
    ),
]
Lights: TypeAlias = Annotated[int, typer.Option(min=0, max=500, help="How many simulated lights to start.")]
Host: TypeAlias = Annotated[
    str | None, typer.Option(help="Where the bridge listens; 127.0.0.1 unless you say otherwise.")
]
Port: TypeAlias = Annotated[int, typer.Option(min=0, max=65_535, help="The bridge's port; 0 takes a free one.")]
InLan: TypeAlias = Annotated[
    bool, typer.Option("--lan", help="Let your network reach the bridge, and the broker where it is started here.")
]
BrokerPort: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, max=65_535, help="The port of a broker that is started here; it stays, with --state."),
]
HomeAssistant: TypeAlias = Annotated[
    bool, typer.Option("--home-assistant", help="Make an account for Home Assistant and print what its form asks.")
]
CaFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        envvar="PRESSLIGHT_CA_FILE", parser=parse_path, help="For mqtts: the certificate (PEM) of the broker's CA."
    ),
]
State: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        parser=parse_path,
        help="A folder that keeps accounts, tokens, presses, lights. Without it they end with the run.",
    ),
]
Store: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="PRESSLIGHT_STORE",
        help="Where presses and tokens stay instead: a file, or the PostgreSQL that several bridges share "
        "(postgresql://user@host/database; PGPASSWORD or a password file has its password).",
    ),
]
PressRate: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Presses per second that one phone may make (twice that at once).")
]
AllowedHosts: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        envvar="PRESSLIGHT_ALLOWED_HOSTS",
        help="A name under which phones reach the page, as behind a proxy; once for each. Addresses and this "
        "machine's own names need none. * takes all.",
    ),
]
MetricsTokenFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        envvar="PRESSLIGHT_METRICS_TOKEN_FILE",
        parser=parse_path,
        help="A file with the token for /metrics; without it only this machine may ask for them.",
    ),
]
Logs: TypeAlias = Annotated[Literal["console", "json"], typer.Option(help="How log lines look; they go to stderr.")]
LogLevel: TypeAlias = Annotated[
    Literal["warning", "info", "debug"],
    typer.Option(help="How much is logged; with debug each word on each press, with its key."),
]
Demo: TypeAlias = Annotated[bool, typer.Option("--demo", help="Press each light once and print how long it took.")]
