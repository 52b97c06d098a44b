"""Flashing with a broker that is there: it is tried first, and the light's first words are waited for."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from presslight.broker.accounts import Accounts
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.command import app
from presslight.contract.address import BrokerAddress
from presslight.flashing.board import WATCHDOG_MS
from presslight.flashing.broker_sign_in import SignInRefused
from presslight.flashing.chosen_light import ChosenLight
from presslight.flashing.flash_plan import FlashPlan
from presslight.flashing.flash_request import FlashRequest
from presslight.flashing.flashing import flash_board
from presslight.flashing.startup_monitor import LINK_UP
from presslight.micropython import Command
from tests.broker.clients import Client
from tests.presslight.pretended_chip import PretendedChip, pretended_chip
from tests.presslight.verbs.test_flash import LIGHT, refused, small_firmware

__all__ = ["small_firmware"]  # a fixture
ENVIRONMENT = {"PRESSLIGHT_WIFI_PASSWORD": "wifiword", "PRESSLIGHT_BROKER": None}


def flash(chip: PretendedChip, *options: str) -> Result:
    return CliRunner().invoke(app, ["flash", "--port", chip.port, *options], env=ENVIRONMENT)


def request_of(chip: PretendedChip, address: BrokerAddress) -> FlashRequest:
    """As the verb makes it, but for its look at the address: no chip reaches this machine's 127.0.0.1."""
    return FlashRequest(
        FlashPlan(chip.port, Path("PRIVATE_FOLDER")), ChosenLight("kitchen", address, "home", "wifiword")
    )


async def test_wrong_password_is_told_before_the_chip_is_touched(
    micropython: Command, small_firmware: Path, tmp_path: Path
) -> None:
    accounts = Accounts.make(["kitchen"])
    async with EmbeddedBroker(accounts) as broker:
        with pretended_chip(micropython, tmp_path) as chip:
            with pytest.raises(SignInRefused, match="the broker refuses kitchen"):
                await flash_board(request_of(chip, broker.address.signed_in_as("kitchen", "wrong")))
            await flash_board(request_of(chip, broker.address.signed_in_as("kitchen", accounts.password("kitchen"))))
            assert chip.boot().watchdog == [WATCHDOG_MS]  # so it was asked once, by the second run


async def test_name_of_another_chip_is_told(
    micropython: Command, small_firmware: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accounts = Accounts.make(["kitchen"])
    async with EmbeddedBroker(accounts) as broker:
        address = broker.address.signed_in_as("kitchen", accounts.password("kitchen"))
        with pretended_chip(micropython, tmp_path, number=2) as chip:
            for number, told in (("240ac4000001", True), ("240ac4000002", False)):
                async with Client(address, identifier="kitchen") as lamp:
                    text = f'{{"dev": {{"ids": ["presslight-{number}"]}}}}'
                    await lamp.publish("homeassistant/device/kitchen/config", text, qos=1, retain=True)
                await flash_board(request_of(chip, address))
                said = capsys.readouterr().err
                assert ("knows kitchen as another chip (240ac4000001; this one is 240ac4000002)" in said) is told


def test_broker_that_is_not_there_is_a_warning(micropython: Command, small_firmware: Path, tmp_path: Path) -> None:
    with pretended_chip(micropython, tmp_path) as chip:
        run = flash(chip, *LIGHT)
    assert run.exit_code == 0
    assert "no broker can be reached at 224.0.0.1 port 1883: Network is unreachable; the chip's own" in run.stderr


def test_light_that_signs_in_is_told(micropython: Command, small_firmware: Path, tmp_path: Path) -> None:
    (small_firmware / "main.py").write_text(f"import lamp\nprint('link lost: no name server')\nprint({LINK_UP!r})\n")
    with pretended_chip(micropython, tmp_path) as chip:
        run = flash(chip, "--watch", "30")
    assert run.exit_code == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "The light has signed in at its broker."


@pytest.mark.parametrize(
    ("main", "watch", "says"),
    [
        ("print('Wi-Fi: Wifi Internal Error')\n", "2", "it has not joined its Wi-Fi"),
        ("print('link lost: the name is unknown')\n", "2", "its network does not resolve the broker's name"),
        ("print('link lost: [Errno 113] EHOSTUNREACH')\n", "2", "it has joined its Wi-Fi and does not reach"),
        ("print('link lost: TLS: certificate expired')\n" * 2, "30", "the broker's certificate is not what it trusts"),
        ("print('link lost: refused: code 5')\n" * 2, "30", "the broker refuses its sign-in"),
        ("", "0.1", "it prints nothing"),
    ],
)
def test_light_without_a_link_is_told_with_what_to_do(
    micropython: Command, small_firmware: Path, tmp_path: Path, main: str, watch: str, says: str
) -> None:
    (small_firmware / "main.py").write_text(f"import lamp\n{main}")
    with pretended_chip(micropython, tmp_path) as chip:
        run = flash(chip, "--watch", watch)
    assert f"the firmware is on the chip, but {says}" in refused(run)
