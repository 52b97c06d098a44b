"""The verb `presslight light`: one simulated light in this terminal, the real firmware against any broker."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from presslight.address import read_address
from presslight.contract.address import BrokerAddress
from presslight.simulated.chip import ORDINARY, WORDS
from presslight.simulated.light_output import LightOutput
from presslight.simulated.light_picture import LightLog, LightPicture
from presslight.simulated.power import Power
from presslight.simulated.simulated_light import SimulatedLight
from presslight.temporary_folder import temporary_folder
from presslight.terminal.console import out, parse_path
from presslight.terminal.keyboard import END, Keyboard
from presslight.terminal.signals import run_until_signal

FRAME_S = 1 / 30
QUIT_KEYS = ("q", "Q", END)


def light(
    broker: Annotated[
        str,
        typer.Option(
            envvar="PRESSLIGHT_BROKER",
            help="The broker's address, mqtt://user:password@host:port or mqtts://…, or @FILE that holds it. "
            "Set the variable rather than the option: others on this machine can list options.",
        ),
    ] = "mqtt://127.0.0.1:1883",
    name: Annotated[str, typer.Option(help="The light's name: its topic, 1 to 32 of a-z, 0-9, - and _.")] = "kitchen",
    heap: Annotated[
        str | None,
        typer.Option(help="The memory that MicroPython gets; unless you say 112k, 136k with TLS, 288k on a chip."),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(envvar="PRESSLIGHT_CA_FILE", parser=parse_path, help="For mqtts: the CA's certificate (PEM)."),
    ] = None,
    flash: Annotated[
        Path | None,
        typer.Option(
            parser=parse_path, help="A folder to be the light's flash; without it, it forgets all when it ends."
        ),
    ] = None,
    chip: Annotated[
        bool, typer.Option("--chip", help=f"Be as hostile as every ESP32 is: {', '.join(ORDINARY)}.")
    ] = False,
    fault: Annotated[
        list[str] | None, typer.Option(help=f"Be so as well; may be given again: {'; '.join(WORDS)}.")
    ] = None,
) -> None:
    """Start one simulated light: the real firmware in this terminal, with its button, its plug and its Wi-Fi.

    Keys: space presses its button, r cuts its power and gives it back, w takes Wi-Fi away or brings it back, q ends it.
    Without a terminal it writes one line per change, until SIGTERM or Ctrl-C.
    """
    words = (*(ORDINARY if chip else ()), *(fault or ()))
    run_until_signal(lambda: _run(broker, name, heap, ca_file, flash, words))


async def _run(
    broker: str, name: str, heap: str | None, ca_file: Path | None, flash: Path | None, words: Sequence[str]
) -> None:
    address = read_address(broker, ca_file=ca_file)
    with temporary_folder("light") as forgotten:
        async with SimulatedLight(name, address, flash or forgotten, heap, chip=words) as simulated:
            if sys.stdin.isatty() and sys.stdout.isatty():
                await _show(simulated, address)
            else:
                await _log(simulated)


async def _log(simulated: SimulatedLight) -> None:
    """Write what changes, line by line, until the light dies, nobody reads or this is cancelled."""
    outputs: asyncio.Queue[LightOutput] = asyncio.Queue()
    simulated.add_watcher(outputs.put_nowait)
    log, output = LightLog(), simulated.output
    try:
        while simulated.power is not Power.DIED:
            for line in log.lines(output):
                print(f"{simulated.name}: {line}", flush=True)  # noqa: T201 -- a log has no colours and no wrapped lines
            output = await outputs.get()
    except BrokenPipeError:  # as in `presslight light | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _show(simulated: SimulatedLight, address: BrokerAddress) -> None:
    picture = LightPicture(simulated.name, f"{address.host}:{address.port}")
    with Keyboard() as keyboard, Live(console=out, screen=True, auto_refresh=False) as live:
        screen = _Screen(simulated, picture, live, keyboard)
        screen.change(simulated.output)
        simulated.add_watcher(screen.change)
        while (key := await keyboard.read_key()) not in QUIT_KEYS:
            await screen.on_key(key)
        screen.stop()


class _Screen:
    """The light in the terminal, drawn anew after a change, at most 30 times a second."""

    def __init__(self, simulated: SimulatedLight, picture: LightPicture, live: Live, keyboard: Keyboard) -> None:
        self._simulated = simulated
        self._picture = picture
        self._live = live
        self._keyboard = keyboard
        self._drawing: asyncio.TimerHandle | None = None

    def change(self, output: LightOutput) -> None:
        self._picture.output = output
        if self._simulated.power is Power.DIED:
            self._keyboard.press(END)
        if self._drawing is None:
            self._drawing = asyncio.get_running_loop().call_later(FRAME_S, self._draw)

    def stop(self) -> None:
        if self._drawing:
            self._drawing.cancel()

    async def on_key(self, key: str) -> None:
        match key:
            case " ":
                self._simulated.press_button()
                self._set_event("button pressed")
            case "r":
                await self._simulated.power_cut()
                await self._simulated.power_on()
                self._picture.has_wifi = True
                self._set_event("power cut, power back")
            case "w":
                self._picture.has_wifi = not self._picture.has_wifi
                self._simulated.set_wifi(self._picture.has_wifi)
                self._set_event("Wi-Fi is back" if self._picture.has_wifi else "Wi-Fi is away")

    def _set_event(self, event: str) -> None:
        self._picture.event = event
        self.change(self._simulated.output)

    def _draw(self) -> None:
        self._drawing = None
        self._live.update(self._picture, refresh=True)
