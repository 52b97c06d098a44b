"""The flashing itself: takes the steps, and asks the board before anything on it is changed."""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from presslight.contract.errors import Invalid, PresslightError, printable
from presslight.flashing import tool
from presslight.flashing.board import Board, read_board
from presslight.flashing.chosen_light import ChosenLight
from presslight.flashing.esp_image import Chip, chip_named
from presslight.flashing.first_words import FirstWords
from presslight.flashing.flash_plan import FlashPlan, Step, staged_files
from presslight.flashing.flash_progress import FlashProgress
from presslight.flashing.flash_request import FlashRequest
from presslight.flashing.serial_line import follow
from presslight.flashing.serial_port import trouble
from presslight.light_settings import write_secret
from presslight.temporary_folder import temporary_folder
from presslight.terminal.console import complain, err, out


class NotReporting(PresslightError):
    """The firmware is on the chip, and the light has no link; the sentence says what keeps it."""

    code = "not_reporting"


async def carry_out(request: FlashRequest) -> None:
    """Do all of it. Raises ToolFailed, NotLetIn, NotReporting, and Invalid for a board that cannot be this light."""
    known = await _try_broker(request.light) if request.light else None
    with temporary_folder("flash") as private, FlashProgress(len(list(request.steps()))) as shown:
        plan = replace(request.plan, staging=private)
        await take(plan.write_image(), plan.port, shown)
        board = await _ask(plan, shown)
        await _check(request, board, known, shown)
        setup = request.setup(board)
        for name, text in staged_files(setup).items():
            write_secret(private / name, text)
        await take(chain(plan.copy(setup), [plan.start()]), plan.port, shown)
    out.print(f"The chip on {plan.port} has its firmware and starts it now.")
    if request.watch_s:
        await _watch(plan.port, request.watch_s)


async def _try_broker(light: ChosenLight) -> str | None:
    """Sign in as the light will; the number of the chip that the broker knows by its name, if it knows one."""
    from presslight.flashing.broker_sign_in import NotReached, sign_in  # noqa: PLC0415 -- aiomqtt: --help and a dry run need none of it

    try:
        return await sign_in(light.address, light.name)
    except NotReached as error:
        complain(f"{error}; the chip may be luckier")
        return None


async def _ask(plan: FlashPlan, shown: FlashProgress) -> Board:
    try:
        return read_board(await take([plan.ask()], plan.port, shown))
    except tool.ToolFailed:
        chip = None if plan.image or trouble(plan.port) else await _chip_without_micropython(plan, shown)
        if chip is None:
            raise
    raise tool.ToolFailed(
        f"the {chip.name} on {plan.port} is there, and no MicroPython answers on it: take an image for {chip.board} "
        "from MicroPython's download page, and name it (--firmware-image FILE --erase) beside all settings"
    )


async def _chip_without_micropython(plan: FlashPlan, shown: FlashProgress) -> Chip | None:
    """Ask the boot loader; None: no answer either, or no esptool."""
    try:
        printed = await take([plan.ask_boot_loader()], plan.port, shown)
    except tool.ToolFailed:
        return None
    found = re.search(r"^Connected to (ESP32\S*) on ", printed, re.MULTILINE)
    return chip_named(found[1]) if found else None


async def _watch(port: str, limit_s: float) -> None:
    """Wait until the light has its link. Raises NotReporting."""
    if not port.startswith("/"):
        complain(f"the light's start is not watched: {printable(port)} is no path, such as /dev/ttyUSB0")
        return
    words = FirstWords()
    with err.status(f"Waiting until the light has signed in, {limit_s:.0f} s at most"):
        await follow(port, words.hear, limit_s)
    if not words.is_up:
        raise NotReporting(f"the firmware is on the chip, but {words.why()}")
    out.print("The light has signed in at its broker.")


async def take(steps: Iterable[Step], port: str, shown: FlashProgress) -> str:
    """Take each step; what the last one printed. Raises `ToolFailed`."""
    printed = ""
    for step in steps:
        shown.begin(step)
        printed = await tool.retry(step.command, port, step.limit_s, step.patience_s)
        shown.end()
    return printed


async def _check(request: FlashRequest, board: Board, known: str | None, shown: FlashProgress) -> None:
    """Refuse a board, which goes on with what it did before it was asked; nothing on it was changed."""
    try:
        request.check_board(board)
    except Invalid:
        await take([request.plan.start()], request.plan.port, shown)
        raise
    for sentence in request.warnings(board, known):
        complain(sentence)
