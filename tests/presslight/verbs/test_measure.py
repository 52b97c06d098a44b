import asyncio
import json
import os
import re
import signal
import xml.etree.ElementTree as ET
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from presslight.cloud.server import BridgeServer
from presslight.cloud.settings import Settings
from presslight.command import app
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import ErrorCode
from presslight.contract.words import PressStatus, Reason
from presslight.verbs.measure import MeasureRequest, NoToken, token_for
from tests import forked
from tests.mobile_sim.fake_bridge import TOKEN, FakeBridge, refuse, view
from tests.proxy import proxy

ROOT = Path(__file__).parents[3]


class Run(NamedTuple):
    code: int | None
    out: str
    err: str


async def measure_here(*arguments: str, token: str = TOKEN) -> Run:
    """Run the verb in a thread of this process, where nothing is measured: Python's start takes longer than that.

    Signals are for processes only.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("presslight.terminal.signals.SIGNALS", ())
        run = await asyncio.to_thread(CliRunner().invoke, app, ["measure", *arguments], env={"PRESSLIGHT_TOKEN": token})
    return Run(run.exit_code, run.stdout, run.stderr)


async def measure(*arguments: str, token: str = TOKEN) -> Run:
    """Run the verb as a user does, in a process of its own."""
    own = os.environ | {"PRESSLIGHT_TOKEN": token, "COLUMNS": "120"}
    child = await forked.start("measure", *arguments, stdout=PIPE, stderr=PIPE, env=own)
    out, err = await child.communicate()
    return Run(child.returncode, out.decode(), err.decode())


@pytest.fixture
async def bridge() -> AsyncIterator[FakeBridge]:
    async with FakeBridge() as fake:
        yield fake


async def test_measure_within_budget_shows_a_table_writes_files_and_exits_0(bridge: FakeBridge, tmp_path: Path) -> None:
    files = "--json", str(tmp_path / "m.json"), "--junit", str(tmp_path / "m.xml")
    run = await measure("--url", bridge.url, "--presses", "20", "--rate", "50", "--budget", "60s", *files)
    assert (run.code, run.err) == (0, "")
    assert "press → light" in run.out
    assert "20 of 20 presses were applied" in run.out
    assert json.loads((tmp_path / "m.json").read_text())["verdict"] == "within"
    assert ET.parse(tmp_path / "m.xml").getroot().attrib["failures"] == "0"


async def test_measure_over_budget_says_by_how_much_and_exits_1(bridge: FakeBridge) -> None:
    run = await measure("--url", bridge.url, "--presses", "20", "--rate", "50", "--budget", "0.001ms")
    assert run.code in (1, 2)  # 2: the machine was too busy to say
    assert "presslight: press → light p99 is" in run.err
    assert "over the budget of" in run.err


async def test_measure_of_presses_that_fail_exits_1(bridge: FakeBridge) -> None:
    bridge.answer = lambda visit, press: visit.status(press, PressStatus.REFUSED, Reason.LATE)
    run = await measure("--url", bridge.url, "--presses", "3", "--rate", "50", "--budget", "60s")
    assert run.code == 1
    assert "0 of 3 presses were applied; the others: 3 refused: late" in run.err


async def test_measure_with_a_bad_token_is_one_line_and_exits_2(bridge: FakeBridge, tmp_path: Path) -> None:
    run = await measure_here("--url", bridge.url, "--junit", str(tmp_path / "m.xml"), token="wrong")
    assert run == (2, "", "presslight: The token is not known here (closed with 4101)\n")
    assert ET.parse(tmp_path / "m.xml").getroot().attrib["errors"] == "4"


async def test_measure_without_a_light_is_one_line_and_exits_2() -> None:
    async with FakeBridge(view(online=False)) as bridge:
        run = await measure_here("--url", bridge.url)
    assert run == (2, "", "presslight: no light is online\n")


async def test_measure_faster_than_the_bridge_allows_is_one_line_and_exits_2(bridge: FakeBridge) -> None:
    run = await measure_here("--url", bridge.url, "--rate", "51")
    assert run == (2, "", "presslight: 51 presses a second are over the bridge's limit of 50 for one phone\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--budget", "2"], "a duration looks like 2s or 1500ms, not like '2'"),
        (
            ["--url", "http://here/#token=abc"],
            "--url has a token, and --token or PRESSLIGHT_TOKEN another one: give one of them",
        ),
        (["--json", "nowhere/m.json"], "there is no folder nowhere for m.json"),
    ],
)
async def test_measure_with_a_bad_option_is_one_line_and_exits_2(arguments: list[str], complaint: str) -> None:
    assert await measure_here(*arguments) == (2, "", f"presslight: {complaint}\n")


@pytest.mark.parametrize(
    "url", ["", "mqtt://there", "http://ann:s3cret@there", "http://there?x=s3cret", "http://there:0"]
)
async def test_measure_of_an_address_that_would_not_count_whole_is_one_line_and_exits_2(url: str) -> None:
    run = await measure_here("--url", url)
    assert (run.code, run.out) == (2, "")
    assert re.fullmatch(r"presslight: a bridge's address looks like .*\n", run.err)
    assert "s3cret" not in run.err


async def test_measure_behind_a_proxy_with_two_houses_measures_the_one_that_its_path_names(tmp_path: Path) -> None:
    named = "--presses", "2", "--rate", "50", "--budget", "60s", "--json", str(tmp_path / "m.json")
    async with FakeBridge(view("attic")) as bridge, proxy(bridge.url, "/house1") as url:
        run = await measure("--url", f"{url}/#token={TOKEN}", *named)
        assert run.code == 0, run.err
        assert json.loads((tmp_path / "m.json").read_text())["plan"]["lights"] == ["attic"]
        other = await measure("--url", url.replace("house1", "house2"), *named)
        assert other.code == 2
        assert "HTTP 404" in other.err


async def test_measure_of_a_path_at_which_the_bridge_is_not_exits_2(tmp_path: Path) -> None:
    nobody = BrokerAddress(host="127.0.0.1", port=1)
    async with BridgeServer(Settings(broker=nobody, store=tmp_path / "presses.db"), port=0) as bridge:
        run = await measure_here("--url", f"{bridge.url}/house1/", "--presses", "1", "--budget", "60s")
        assert (run.code, run.out) == (2, "")
        assert f"no bridge at {bridge.url}/house1: " in run.err
        assert "HTTP 403" in run.err


async def test_measure_of_a_bridge_that_is_not_there_is_one_line_and_exits_2(bridge: FakeBridge) -> None:
    await bridge.stop()
    run = await measure("--url", bridge.url)
    assert run == (2, "", f"presslight: no bridge at {bridge.url}: connection refused\n")


async def test_measure_that_is_interrupted_puts_the_lights_back_and_exits_2(bridge: FakeBridge) -> None:
    words = ("measure", "--url", bridge.url, "--presses", "100000", "--rate", "40")
    child = await forked.start(*words, env=os.environ | {"PRESSLIGHT_TOKEN": TOKEN}, stderr=PIPE)
    await bridge.until(lambda: bridge.lights["kitchen"].state == "ON")
    child.send_signal(signal.SIGINT)
    _, err = await child.communicate()
    assert (child.returncode, err.decode()) == (2, "presslight: interrupted before anything was measured\n")
    assert bridge.lights["kitchen"].state == "OFF"


async def test_measure_of_presses_the_bridge_rejects_names_the_code(bridge: FakeBridge) -> None:
    bridge.answer = refuse(ErrorCode.FORBIDDEN)
    run = await measure_here("--url", bridge.url, "--presses", "2", "--rate", "50", "--budget", "60s")
    assert "2 rejected: forbidden" in run.err


async def test_measure_without_a_url_starts_the_stack_and_ends_it() -> None:
    run = await measure("--presses", "6", "--rate", "20", "--lights", "1", "--budget", "60s")
    assert run.code == 0, run.err
    assert "6 of 6 presses were applied" in run.out


def test_token_comes_from_the_pages_link_too() -> None:
    assert token_for("http://here/#token=abc", "") == "abc"
    assert token_for("http://here", "given") == "given"
    assert token_for(None, "") == ""
    with pytest.raises(NoToken):
        token_for("http://here", "")


def test_plan_lets_a_press_take_longer_than_the_budget() -> None:
    wanted = MeasureRequest(None, "", (), 1, presses=10, rate=5, budget_ms=3_000)
    assert wanted.plan(("kitchen",)).patience_ms == 6_000
    assert wanted.plan(tuple("abcdefgh")).warm_up == 16
