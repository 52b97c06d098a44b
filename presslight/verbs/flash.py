"""The verb `presslight flash`: puts the firmware on an ESP32. esptool and mpremote do the work."""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from presslight.address import read_address
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import Invalid, printable
from presslight.flashing import tool
from presslight.flashing.chosen_light import ChosenLight
from presslight.flashing.esp_image import sha256_of
from presslight.flashing.flash_plan import FlashPlan
from presslight.flashing.flash_request import FlashRequest
from presslight.flashing.flashing import flash_board
from presslight.flashing.serial_port import port_error
from presslight.light_settings import SETTINGS
from presslight.terminal.console import errors_on_one_line, out, parse_path, refuse_options
from presslight.terminal.signals import run_until_signal

WIFI_PASSWORD = "PRESSLIGHT_WIFI_PASSWORD"  # noqa: S105 -- the name of a variable
SETTINGS_OPTIONS = (
    "broker", "wifi_ssid", "wifi_password", "ca_file", "led_pin", "led_inverted", "button_pin", "time_server",
)  # fmt: skip
ALL_AT_ONCE = "settings are written all at once: name the light as well (--name)"


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
        Path | None, typer.Option(parser=parse_path, help="For mqtts: the CA's certificate (PEM).")
    ] = None,
    led_pin: Annotated[
        int | None, typer.Option(min=0, help="The pin of the lamp; 2 on the classic ESP32 and the C6, else 4.")
    ] = None,
    led_inverted: Annotated[
        bool,
        typer.Option("--led-inverted", help="The lamp is on while its pin is low, as an LED from 3.3 V to the pin is."),
    ] = False,
    button_pin: Annotated[
        int | None,
        typer.Option(min=0, help="The pin of the button, which closes to ground; the board's BOOT button (often 0)."),
    ] = None,
    time_server: Annotated[
        str | None,
        typer.Option(
            help="For mqtts: where the light asks for the date, by which it judges certificates; empty: nowhere. "
            "Without it pool.ntp.org."
        ),
    ] = None,
    firmware_image: Annotated[
        Path | None,
        typer.Option(parser=parse_path, help="A MicroPython image (.bin) to write first; a new chip needs that once."),
    ] = None,
    firmware_sha256: Annotated[
        str | None, typer.Option(help="The image's SHA-256, where you were told it: another image is refused.")
    ] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Erase the whole chip before the image is written.")] = False,
    baud: Annotated[int, typer.Option(min=9_600, help="The speed at which the image is written.")] = 460_800,
    watch: Annotated[
        float, typer.Option(min=0, max=3_600, help="How many seconds to wait until the light has signed in; 0: none.")
    ] = 60,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print each step and file and do nothing; needs no tools.")
    ] = False,
) -> None:
    """Put the firmware on an ESP32: MicroPython first if you name an image, then the light's files, then its settings.

    A new chip needs all of it: --firmware-image esp32.bin --erase --name kitchen --broker mqtt://kitchen:…@192.168.1.2
    --wifi-ssid home. Later, --port alone brings it a newer firmware and keeps its settings.
    """
    with errors_on_one_line():
        light = None
        if name is not None:
            password = (wifi_password or "") if dry_run else _password(wifi_password)
            address, ssid = _address(broker, ca_file), _ssid(wifi_ssid)
            light = ChosenLight(name, address, ssid, password, led_pin, button_pin, time_server, led_inverted)
        _check_options(ctx, port, name, firmware_image, erase=erase)
        request = FlashRequest(
            FlashPlan(port, Path("PRIVATE_FOLDER"), firmware_image, erase, baud), light, watch, firmware_sha256
        )
        request.check_request()
        if dry_run:
            _print_dry_run(request)
            return
        _check_tools(request)
    run_until_signal(lambda: flash_board(request))


def _check_options(ctx: typer.Context, port: str, name: str | None, image: Path | None, *, erase: bool) -> None:
    """Refuse options that would be ignored or cannot work together. Raises Invalid."""
    if not port:
        raise Invalid("the chip's port is empty (--port): name one, such as /dev/ttyUSB0")
    if not port.isprintable():
        raise Invalid(f"a port (--port) is named like /dev/ttyUSB0, and not {printable(port[:80])}")
    if image is None:
        if erase:
            raise Invalid("an erased chip needs MicroPython: name an image (--firmware-image)")
        refuse_options(ctx, "is the speed at which an image is written: name one (--firmware-image)", "baud")
        refuse_options(ctx, "is an image's: name one (--firmware-image)", "firmware_sha256")
    if name is None:
        refuse_options(ctx, f"is a setting, and {ALL_AT_ONCE}", *SETTINGS_OPTIONS)
        if erase:
            raise Invalid(f"an erased chip has no settings left, and {ALL_AT_ONCE}")


def _address(broker: str | None, ca_file: Path | None) -> BrokerAddress:
    if broker is None:
        raise Invalid("the light has to know its broker (--broker or PRESSLIGHT_BROKER)")
    return read_address(broker, ca_file=ca_file)


def _ssid(given: str | None) -> str:
    if given is None:
        raise Invalid("the light has to know its Wi-Fi network (--wifi-ssid)")
    return given


def _password(given: str | None) -> str:
    if given is None:
        given = os.environ.get(WIFI_PASSWORD)  # set and empty: an open network; the option takes that for not set
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise Invalid(f"set {WIFI_PASSWORD} (empty for an open network): there is no terminal to ask for it")
    return str(typer.prompt("Wi-Fi password", hide_input=True, default="", show_default=False))


def _check_tools(request: FlashRequest) -> None:
    """Check before any change that each program exists and that the port can be opened. Raises ToolFailed, Invalid."""
    for step in request.steps():
        tool.find_program(step.command[0])
    if wrong := port_error(request.plan.port):
        raise Invalid(wrong)


def _print_dry_run(request: FlashRequest) -> None:
    setup = request.setup()
    for number, step in enumerate(request.steps(), 1):
        _print_line(f"{number}. {step.title}")
        for file in step.files:
            _print_line(f"   {file.target}  {file.size} bytes")
        _print_line(f"   $ {shlex.join(step.command)}")
    if image := request.plan.image:
        _print_line(f"The image's SHA-256, to compare with one that you were told: {sha256_of(image)}")
    if SETTINGS in setup:
        _print_line(f"{SETTINGS}: {json.dumps(_masked(json.loads(setup[SETTINGS])), ensure_ascii=False)}")
        if request.plan.image is None:
            _print_line(
                "Pins that you did not choose are the classic ESP32's here; the board is asked which chip it is, "
                "and what that cannot use is refused."
            )
    _print_line("Nothing was done: this is a dry run.")


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner, key) for key, inner in value.items()}
    return "***" if name == "password" and value else value


def _print_line(line: str) -> None:
    out.print(line, markup=False, soft_wrap=True)
