"""The flashing: runs the steps, and asks the board before anything on it is changed."""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from presslight.contract.errors import Invalid, PresslightError, printable
from presslight.flashing import tool
from presslight.flashing.board import Board, read_board
from presslight.flashing.chosen_light import ChosenLight
from presslight.flashing.esp_image import Chip, chip_named
from presslight.flashing.flash_plan import FlashPlan, Step, staged_files
from presslight.flashing.flash_progress import FlashProgress
from presslight.flashing.flash_request import FlashRequest
from presslight.flashing.serial_line import read_until
from presslight.flashing.serial_port import port_error
from presslight.flashing.startup_monitor import StartupMonitor
from presslight.light_settings import write_secret
from presslight.temporary_folder import temporary_folder
from presslight.terminal.console import err, out, print_error


class LightNotConnected(PresslightError):
    """The firmware is on the chip, and the light has not connected; the sentence says why."""

    code = "not_reporting"


async def flash_board(request: FlashRequest) -> None:
    """Run all steps. Raises ToolFailed, SignInRefused, LightNotConnected, and Invalid for an unsuitable board."""
    known = await _try_sign_in(request.light) if request.light else None
    with temporary_folder("flash") as private, FlashProgress(len(list(request.steps()))) as progress:
        plan = replace(request.plan, staging=private)
        await run_steps(plan.write_image(), plan.port, progress)
        board = await _ask_board(plan, progress)
        await _check_board(request, board, known, progress)
        setup = request.setup(board)
        for name, text in staged_files(setup).items():
            write_secret(private / name, text)
        await run_steps(chain(plan.copy(setup), [plan.start()]), plan.port, progress)
    out.print(f"The chip on {plan.port} has its firmware and starts it now.")
    if request.watch_s:
        await _wait_until_connected(plan.port, request.watch_s)


async def _try_sign_in(light: ChosenLight) -> str | None:
    """Sign in as the light; the id of the chip that the broker has under its name, None without one."""
    from presslight.flashing.broker_sign_in import BrokerUnreachable, sign_in  # noqa: PLC0415 -- aiomqtt: --help and a dry run need none of it

    try:
        return await sign_in(light.address, light.name)
    except BrokerUnreachable as error:
        print_error(f"{error}; the chip's own network may differ")
        return None


async def _ask_board(plan: FlashPlan, progress: FlashProgress) -> Board:
    try:
        return read_board(await run_steps([plan.ask_board()], plan.port, progress))
    except tool.ToolFailed:
        chip = None if plan.image or port_error(plan.port) else await _chip_without_micropython(plan, progress)
        if chip is None:
            raise
    raise tool.ToolFailed(
        f"the {chip.name} on {plan.port} is there, and no MicroPython answers on it: take an image for {chip.board} "
        "from MicroPython's download page, and name it (--firmware-image FILE --erase) beside all settings"
    )


async def _chip_without_micropython(plan: FlashPlan, progress: FlashProgress) -> Chip | None:
    """Ask the boot loader for the chip; None without an answer, or without esptool."""
    try:
        printed = await run_steps([plan.ask_boot_loader()], plan.port, progress)
    except tool.ToolFailed:
        return None
    found = re.search(r"^Connected to (ESP32\S*) on ", printed, re.MULTILINE)
    return chip_named(found[1]) if found else None


async def _wait_until_connected(port: str, limit_s: float) -> None:
    """Wait until the light has connected. Raises LightNotConnected."""
    if not port.startswith("/"):
        print_error(f"the light's start is not watched: {printable(port)} is no path, such as /dev/ttyUSB0")
        return
    monitor = StartupMonitor()
    with err.status(f"Waiting until the light has signed in, {limit_s:.0f} s at most"):
        await read_until(port, monitor.feed_line, limit_s)
    if not monitor.is_up:
        raise LightNotConnected(f"the firmware is on the chip, but {monitor.explanation()}")
    out.print("The light has signed in at its broker.")


async def run_steps(steps: Iterable[Step], port: str, progress: FlashProgress) -> str:
    """Run each step; the output of the last one. Raises ToolFailed."""
    printed = ""
    for step in steps:
        progress.begin(step)
        printed = await tool.run_with_retries(step.command, port, step.limit_s, step.patience_s)
        progress.finish_step()
    return printed


async def _check_board(request: FlashRequest, board: Board, known: str | None, progress: FlashProgress) -> None:
    """Refuse an unsuitable board, after a restart of its unchanged firmware; print the warnings."""
    try:
        request.check_board(board)
    except Invalid:
        await run_steps([request.plan.start()], request.plan.port, progress)
        raise
    for sentence in request.warnings(board, known):
        print_error(sentence)
