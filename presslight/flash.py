"""The verb `presslight flash`: puts the firmware on an ESP32. esptool and mpremote do the work."""

import json
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from contract.errors import Invalid, printable
from presslight import tool
from presslight.address import read_address
from presslight.console import err, given_path, one_line, out, refuse_written
from presslight.flash_plan import FlashPlan, Step
from presslight.light_settings import SETTINGS, setup_files, write_secret
from presslight.port import trouble
from presslight.signals import run_until_signal
from presslight.temporary_folder import temporary_folder

WIFI_PASSWORD = "PRESSLIGHT_WIFI_PASSWORD"  # noqa: S105 -- the name of a variable
SETTINGS_OPTIONS = ("broker", "wifi_ssid", "wifi_password", "ca_file", "led_pin", "button_pin")
ALL_AT_ONCE = "settings are written all at once: name the light as well (--name)"
LONGEST_SSID, LONGEST_PASSWORD = 32, 64
"""In bytes: MicroPython's driver cuts what is longer without a word."""

UNREACHABLE = re.compile(r"localhost|127\..*|::1|0\.0\.0\.0")


def flash(  # noqa: PLR0913, PLR0917 -- each is an option of the command line
    ctx: typer.Context,
    port: Annotated[str, typer.Option(help="Where the ESP32 is, such as /dev/ttyUSB0 or /dev/ttyACM0.")],
    name: Annotated[
        str | None, typer.Option(help="The light's name. Without it the settings on the chip stay as they are.")
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(
            envvar="PRESSLIGHT_BROKER",
            help="The broker as the chip reaches it: mqtt://user:password@host:port or mqtts://…, or @FILE with that.",
        ),
    ] = None,
    wifi_ssid: Annotated[str | None, typer.Option(help="The Wi-Fi network it is to join.")] = None,
    wifi_password: Annotated[
        str | None,
        typer.Option(
            envvar=WIFI_PASSWORD,
            help="Its password, empty for an open network. Asked for if it is not given.",
        ),
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(parser=given_path, help="For mqtts: the CA's certificate (PEM).")
    ] = None,
    led_pin: Annotated[int, typer.Option(min=0, max=48, help="The pin of the lamp.")] = 2,
    button_pin: Annotated[int, typer.Option(min=0, max=48, help="The pin of the button, which closes to ground.")] = 0,
    firmware_image: Annotated[
        Path | None,
        typer.Option(parser=given_path, help="A MicroPython image (.bin) to write first; a new chip needs that once."),
    ] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Erase the whole chip before the image is written.")] = False,
    baud: Annotated[int, typer.Option(min=9_600, help="The speed at which the image is written.")] = 460_800,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print each step and file and do nothing; needs no tools.")
    ] = False,
) -> None:
    """Put the firmware on an ESP32: MicroPython first if you name an image, then the light's files, then its settings.

    A new chip needs all of it: --firmware-image esp32.bin --erase --name kitchen --broker mqtt://kitchen:…@192.168.1.2
    --wifi-ssid home. Later, --port alone brings it a newer firmware and keeps its settings.
    """
    with one_line():
        setup: dict[str, str] = {}
        if name is not None:
            password = (wifi_password or "") if dry_run else _password(wifi_password)
            setup = _setup(name, broker, ca_file, wifi_ssid, password, {"lamp": led_pin, "button": button_pin})
        _check_options(ctx, port, name, firmware_image, erase=erase)
        plan = FlashPlan(port, setup, Path("PRIVATE_FOLDER"), firmware_image, erase, baud)
        steps = tuple(plan.steps())
        if dry_run:
            _print(steps, setup)
            return
        _check(port, steps)
    run_until_signal(lambda: _run(plan))


def _check_options(ctx: typer.Context, port: str, name: str | None, image: Path | None, *, erase: bool) -> None:
    """Refuse what would be ignored or cannot work. Raises Invalid."""
    if not port:
        raise Invalid("the chip's port is empty (--port): name one, such as /dev/ttyUSB0")
    if not port.isprintable():
        raise Invalid(f"a port (--port) is named like /dev/ttyUSB0, and not {printable(port[:80])}")
    if image is None:
        if erase:
            raise Invalid("an erased chip needs MicroPython: name an image (--firmware-image)")
        refuse_written(ctx, "is the speed at which an image is written: name one (--firmware-image)", "baud")
    if name is None:
        refuse_written(ctx, f"is a setting, and {ALL_AT_ONCE}", *SETTINGS_OPTIONS)
        if erase:
            raise Invalid(f"an erased chip has no settings left, and {ALL_AT_ONCE}")


def _setup(
    name: str, broker: str | None, ca_file: Path | None, ssid: str | None, password: str, pins: Mapping[str, int]
) -> dict[str, str]:
    if broker is None:
        raise Invalid("the light has to know its broker (--broker or PRESSLIGHT_BROKER)")
    if ssid is None:
        raise Invalid("the light has to know its Wi-Fi network (--wifi-ssid)")
    if not 1 <= len(ssid.encode()) <= LONGEST_SSID:
        raise Invalid(f"the name of a Wi-Fi network (--wifi-ssid) is 1 to {LONGEST_SSID} bytes long")
    if len(password.encode()) > LONGEST_PASSWORD:
        raise Invalid(f"a Wi-Fi password is at most {LONGEST_PASSWORD} bytes long")
    if pins["lamp"] == pins["button"]:
        raise Invalid("lamp and button cannot be on the same pin (--led-pin, --button-pin)")
    address = read_address(broker, ca_file=ca_file)
    if UNREACHABLE.fullmatch(address.host):
        raise Invalid(f"a chip cannot reach {address.host}: give the broker's address in your network")
    return setup_files(name, address, wifi={"ssid": ssid, "password": password}, pins=pins)


def _password(given: str | None) -> str:
    if given is None:
        given = os.environ.get(WIFI_PASSWORD)  # set and empty: an open network; the option takes that for not set
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise Invalid(f"set {WIFI_PASSWORD} (empty for an open network): there is no terminal to ask for it")
    return str(typer.prompt("Wi-Fi password", hide_input=True, default="", show_default=False))


def _check(port: str, steps: Sequence[Step]) -> None:
    """Find out before anything is changed what would fail: a tool that is missing, a port that cannot be used."""
    for step in steps:
        tool.find(step.command[0])
    if wrong := trouble(port):
        raise Invalid(wrong)


async def _run(plan: FlashPlan) -> None:
    with temporary_folder("flash") as private:
        plan = replace(plan, staging=private)
        for name, text in plan.setup.items():
            write_secret(plan.staging / name, text)
        await _take(tuple(plan.steps()), plan.port)
    out.print(f"The chip on {plan.port} has its firmware and starts it now.")


async def _take(steps: Sequence[Step], port: str) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task("", total=len(steps))
        for step in steps:
            progress.update(task, description=step.title)
            await tool.insist(step.command, port, step.limit_s, step.patience_s)
            progress.advance(task)


def _print(steps: Sequence[Step], setup: Mapping[str, str]) -> None:
    for number, step in enumerate(steps, 1):
        _say(f"{number}. {step.title}")
        for file in step.files:
            _say(f"   {file.target}  {file.size} bytes")
        _say(f"   $ {shlex.join(step.command)}")
    if SETTINGS in setup:
        _say(f"{SETTINGS}: {json.dumps(_masked(json.loads(setup[SETTINGS])))}")
    _say("Nothing was done: this is a dry run.")


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner, key) for key, inner in value.items()}
    return "***" if name == "password" and value else value


def _say(line: str) -> None:
    out.print(line, markup=False, soft_wrap=True)
