"""docs/clients.md: its clients and its frames, as they stand."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from presslight.contract.errors import CloseCode, ErrorCode
from presslight.contract.phone import Hello
from presslight.contract.phone_codec import decode_bridge_frame, decode_phone_frame
from presslight.contract.shapes import BRIDGE_FRAMES, PHONE_FRAMES
from presslight.contract.words import PressStatus, Reason
from presslight.mobile_sim.measure import load
from presslight.mobile_sim.phone import Phone
from presslight.stack import Stack
from tests.browser import chromium
from tests.mobile_sim.fake_bridge import TOKEN, Answer, FakeBridge, Visit, apply, first, refuse

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/clients.md").read_text()
WAIT_S = 60
one_loop = pytest.mark.asyncio(loop_scope="module")
"""For the tests that share a browser."""
OUTCOME = dict[str, Any]
Client = Callable[..., Awaitable[OUTCOME]]
"""Called with the bridge's URL, a token, a light and a state: the last word, or AssertionError where there is none."""


def blocks(kind: str) -> list[str]:
    """The code blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def socket_of(url: str) -> str:
    return url.replace("http", "ws", 1) + "/ws"


async def run(*words: str, **variables: str) -> str:
    """What a program prints; it must end well."""
    child = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=os.environ | variables
    )
    async with asyncio.timeout(WAIT_S):
        out, err = await child.communicate()
    assert child.returncode == 0, err.decode()
    return out.decode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(params=["python", "node", "browser"], loop_scope="module")
async def client(request: pytest.FixtureRequest, tmp_path: Path, browser: Browser) -> AsyncIterator[Client]:
    """Each client of the page."""
    script = blocks("js")[0]
    if request.param == "python":
        (tmp_path / "press.py").write_text(blocks("python")[0])

        async def press(url: str, *words: str) -> OUTCOME:
            return dict(json.loads(await run(sys.executable, str(tmp_path / "press.py"), socket_of(url), *words)))

        yield press
    elif request.param == "node":
        flags = await _websocket_flags()
        call = "press(...process.argv.slice(2)).then((said) => console.log(JSON.stringify(said)));"
        (tmp_path / "press.mjs").write_text(f"{script}\n{call}\n")

        async def press(url: str, *words: str) -> OUTCOME:
            return dict(json.loads(await run("node", *flags, str(tmp_path / "press.mjs"), socket_of(url), *words)))

        yield press
    else:
        async with await browser.new_context() as phone:
            page = await phone.new_page()

            async def press(url: str, *words: str) -> OUTCOME:
                call = f"(words) => {{ {script}\nreturn press(...words); }}"
                try:
                    async with asyncio.timeout(WAIT_S):
                        await page.goto(f"{url}/healthz")  # a page from there, whatever it holds
                        return dict(await page.evaluate(call, [socket_of(url), *words]))
                except Exception as error:
                    raise AssertionError(str(error)) from error

            yield press


async def _websocket_flags() -> list[str]:
    """What makes this Node.js have WebSocket: 22 has it, 20.10 behind a flag."""
    if not shutil.which("node"):
        pytest.skip("there is no Node.js on this machine; the same lines run in Chromium")
    major, minor, _ = map(int, (await run("node", "--version")).strip().removeprefix("v").split("."))
    if (major, minor) < (20, 10):
        pytest.skip("this Node.js knows no WebSocket; the same lines run in Chromium")
    return [] if major >= 22 else ["--experimental-websocket", "--no-warnings"]


@pytest.mark.parametrize("kind", ["python", "js"])
def test_client_is_fifteen_lines(kind: str) -> None:
    lines = blocks(kind)[0].splitlines()
    assert sum(re.search(r"\w", line) is not None for line in lines) <= 15  # brackets alone are no line of code
    assert max(map(len, lines)) <= 120


def test_curl_is_one_line() -> None:
    assert len(blocks("sh")[0].splitlines()) == 1


@one_loop
async def test_client_presses_a_real_light(client: Client) -> None:
    async with Stack(lights=["kitchen"]) as stack:
        await ready(stack)
        said = await client(stack.url, stack.token, "kitchen", "ON")
        assert (said["status"], said["final"]) == ("applied", True)
        await stack.lights["kitchen"].until(lambda output: output.duty > 0)


async def ready(stack: Stack) -> None:
    """Wait until phones see the light online."""
    async with Phone(stack.url, stack.token) as phone:
        assert await load.reachable(phone, ("kitchen",), wait_ms=30_000)


async def hang_up(visit: Visit, _press: object) -> None:
    """Lose the connection in mid-press."""
    await visit.close(1012)


async def unconfirmed(visit: Visit, press: Any) -> None:
    """Say first that nothing is known yet, ping, then tell."""
    await visit.status(press, PressStatus.ACCEPTED)
    await visit.say('{"type":"ping","n":7}')
    await visit.status(press, PressStatus.UNCONFIRMED)
    await visit.status(press, PressStatus.NOT_APPLIED)


@one_loop
@pytest.mark.parametrize("trouble", [hang_up, refuse(ErrorCode.RATE_LIMITED)], ids=["link lost", "rate limited"])
async def test_client_asks_again_with_the_same_key_and_payload(client: Client, trouble: Answer) -> None:
    async with FakeBridge() as bridge:
        bridge.answer = first(trouble, apply)
        said = await client(bridge.url, TOKEN, "kitchen", "ON")
        one, two = bridge.presses
        assert one == two
        assert one.not_after is not None
        assert one.not_after.up == 62_000
        assert (said["status"], said["key"], bridge.applied[one.key]) == ("applied", one.key, 1)


@one_loop
@pytest.mark.parametrize("code", [code for code in CloseCode if not code.reconnect], ids=lambda code: code.name)
async def test_client_that_is_closed_for_good_in_mid_press_ends_and_does_not_come_back(
    client: Client, code: CloseCode
) -> None:
    """A token that is revoked is told by the close alone."""

    async def closed(visit: Visit, _press: object) -> None:
        await visit.close(code)

    async with FakeBridge() as bridge:
        bridge.answer = closed
        with pytest.raises(AssertionError, match=f"closed: {code}"):
            await client(bridge.url, TOKEN, "kitchen", "ON")
        assert len(bridge.hellos) == len(bridge.presses) == 1


class CrowdedBridge(FakeBridge):
    """Has no room for the first phone that comes."""

    async def _greet(self, visit: Visit, hello: Hello) -> None:
        if self.hellos:
            return await super()._greet(visit, hello)
        self.hellos.append(hello)
        await visit.problem(ErrorCode.OVERLOADED)
        return await visit.close(CloseCode.OVERLOADED)


@one_loop
async def test_client_that_finds_no_room_comes_back_and_presses_within_its_deadline(client: Client) -> None:
    async with CrowdedBridge() as bridge:
        said = await client(bridge.url, TOKEN, "kitchen", "ON")
        (press,) = bridge.presses
        assert press.not_after is not None
        assert (said["status"], press.not_after.up, len(bridge.hellos)) == ("applied", 62_000, 2)


@one_loop
async def test_client_waits_for_the_last_word_and_answers_pings(client: Client) -> None:
    async with FakeBridge() as bridge:
        bridge.answer = unconfirmed
        said = await client(bridge.url, TOKEN, "kitchen", "ON")
        assert (said["status"], len(bridge.presses)) == ("not_applied", 1)
        await bridge.until(lambda: [pong.n for pong in bridge.pongs] == [7])


@one_loop
async def test_client_that_is_turned_away_ends(client: Client) -> None:
    async with FakeBridge() as bridge:
        with pytest.raises(AssertionError, match="token is not known"):
            await client(bridge.url, "wrong", "kitchen", "ON")
        bridge.answer = refuse(ErrorCode.UNKNOWN_LIGHT)
        with pytest.raises(AssertionError, match="no light of that name"):
            await client(bridge.url, TOKEN, "attic", "ON")
        assert [hello.token for hello in bridge.hellos] == ["wrong", TOKEN]


async def test_curl_presses_and_lists() -> None:
    press = blocks("sh")[0]
    listing = re.search(r"^`(curl .*?)`", PAGE, re.MULTILINE)
    assert listing
    async with Stack(lights=["kitchen"]) as stack:
        await ready(stack)
        here = {"TOKEN": stack.token}
        said = json.loads(await run("bash", "-c", press.replace("http://127.0.0.1:8787", stack.url), **here))
        assert (said["status"], said["final"]) == ("applied", True)
        lights = json.loads(await run("bash", "-c", listing[1].replace("http://127.0.0.1:8787", stack.url), **here))
        assert [(light["id"], light["state"], light["brightness"]) for light in lights["lights"]] == [
            ("kitchen", "ON", 200)
        ]


def test_frames_are_of_the_contract_to_the_last_field() -> None:
    lines = [
        (decode, line)
        for kind, decode in (("json phone", decode_phone_frame), ("json bridge", decode_bridge_frame))
        for block in blocks(kind)
        for line in block.splitlines()
    ]
    for decode, line in lines:
        frame = decode(line)
        shown = json.loads(line)
        assert shown == json.loads(frame.model_dump_json(include=set(shown), exclude_unset=True)), line
    assert len(lines) > 12


@pytest.mark.parametrize(("kind", "frames"), [("json phone", PHONE_FRAMES), ("json bridge", BRIDGE_FRAMES)])
def test_each_type_of_frame_has_its_sample(kind: str, frames: dict[str, Any]) -> None:
    assert {json.loads(line)["type"] for block in blocks(kind) for line in block.splitlines()} == set(frames)


def test_each_status_has_its_sample() -> None:
    shown = [json.loads(line) for block in blocks("json bridge") for line in block.splitlines()]
    assert {frame["status"]: frame["final"] for frame in shown if frame["type"] == "outcome"} == {
        status.value: status.final for status in PressStatus
    }
    assert {frame["reason"] for frame in shown if "reason" in frame} <= {reason.value for reason in Reason}
