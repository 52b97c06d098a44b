"""Signing in and out, with the test as the bridge."""

import re
import shlex
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect
from typer.testing import CliRunner

from presslight.cloud.store.database import patient
from presslight.cloud.store.tokens import list_tokens
from presslight.command import app
from presslight.store_address import store_of
from tests.page.fake_bridge import LINK, SITE, FakeBridge, view


async def test_token_leaves_the_address_bar_and_outlives_a_reload(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    hello = await bridge.next("hello")
    assert hello["token"] == "good"
    assert page.url == SITE

    await page.reload()
    again = await bridge.next("hello", after=bridge.frames.index(hello) + 1)
    assert again["token"] == "good"
    await expect(page.locator("#link")).to_have_text("Live")


@pytest.mark.parametrize("pasted", ["good", "  good\n", "http://other.test:8000/#token=good"])
async def test_page_without_a_token_asks_for_one(context: BrowserContext, bridge: FakeBridge, pasted: str) -> None:
    page = await context.new_page()
    await page.goto(SITE)
    field = page.get_by_role("textbox", name="Token")
    await expect(field).to_be_focused()
    await expect(field).to_have_accessible_description(
        re.compile("Open the link that the bridge printed when it started[.] Or run presslight token --state FOLDER")
    )
    assert bridge.sockets == 0

    await field.fill(pasted)
    await page.keyboard.press("Enter")

    assert (await bridge.next("hello"))["token"] == "good"
    await expect(field).to_be_hidden()
    await expect(page.locator("#link")).to_have_text("Live")


async def test_unknown_token_is_asked_for_again_without_hammering(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.welcomes = False
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await bridge.next("hello")
    await bridge.close(4101)
    await expect(page.get_by_role("alert")).to_contain_text("does not know this token")

    await page.clock.run_for(120_000)
    assert bridge.sockets == 1

    bridge.welcomes = True
    await page.get_by_role("textbox", name="Token").fill("better")
    await page.get_by_role("button", name="Connect").click()
    await bridge.connected(2)
    await expect(page.locator("#link")).to_have_text("Live")
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_command_of_the_sign_in_works_as_it_stands(
    context: BrowserContext, bridge: FakeBridge, tmp_path: Path
) -> None:
    page = await context.new_page()
    await page.goto(SITE)
    written = await page.locator("#where code").text_content()
    assert written
    program, *arguments = shlex.split(written.replace("FOLDER", str(tmp_path)))
    assert program == "presslight"

    with patient(store_of(tmp_path)):  # as a bridge has made it
        result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 0, result.output
    assert [token.phone for token in list_tokens(store_of(tmp_path))] == ["My phone"]
    await page.get_by_role("textbox", name="Token").fill(result.stdout.strip().splitlines()[-1])
    await page.keyboard.press("Enter")
    await expect(page.locator("#link")).to_have_text("Live")


async def test_sign_out_leaves_nothing_behind(context: BrowserContext, bridge: FakeBridge) -> None:
    page, other = await context.new_page(), await context.new_page()
    for each in (page, other):
        await each.goto(LINK)
        await expect(each.get_by_text("Signed in as demo")).to_be_visible()
    await page.get_by_role("switch", name="Kitchen").click()
    await bridge.next("press")

    await page.get_by_role("button", name="Sign out").click()

    for each in (page, other):
        await expect(each.get_by_role("textbox", name="Token")).to_be_visible()
        await expect(each.get_by_role("switch")).to_have_count(0)
        await expect(each.get_by_role("button", name="Sign out")).to_be_hidden()
    assert await page.evaluate("() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]") == []
    sockets = bridge.sockets
    await page.reload()
    await expect(page.get_by_role("textbox", name="Token")).to_be_focused()
    assert bridge.sockets == sockets


SIGNED_OUT_ELSEWHERE = """addEventListener('readystatechange', () => {
    if (document.readyState === 'interactive') localStorage.clear();
}, true);"""
"""As another tab does it while this page's scripts are run."""


async def test_sign_out_elsewhere_holds_also_for_a_page_that_is_loading(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await context.new_page()
    await page.add_init_script(SIGNED_OUT_ELSEWHERE)

    await page.goto(LINK)

    await expect(page.get_by_role("textbox", name="Token")).to_be_visible()
    assert await page.evaluate("() => Object.keys(localStorage)") == []


@pytest.mark.parametrize(("code", "text"), [(4101, "you are signed out"), (4102, "the bridge turned this page away")])
async def test_press_that_cannot_leave_says_why(
    context: BrowserContext, bridge: FakeBridge, code: int, text: str
) -> None:
    bridge.lights = [view(state="ON", brightness=255)]
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    await bridge.close(code)
    kitchen = page.get_by_role("listitem", name="Kitchen")
    await expect(page.locator("#link")).not_to_have_text("Live")

    for press in (
        page.get_by_role("switch", name="Kitchen").click(),
        page.get_by_role("slider", name="Brightness of Kitchen").fill("30"),
    ):
        await page.locator("#news").evaluate("(node) => (node.textContent = '')")
        await press
        await expect(kitchen.locator(".press")).to_have_text(f"Did not happen: {text}.")
        await expect(page.locator("#news")).to_have_text(f"Kitchen: Did not happen: {text}.")

    await expect(page.get_by_role("slider", name="Brightness of Kitchen")).to_have_value("100")
    assert str(code) not in await page.locator("body").inner_text()


async def test_press_that_waited_says_so_when_the_token_is_refused(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    bridge.welcomes = False
    await bridge.close(1001)
    await bridge.next("hello", after=2)
    await page.get_by_role("switch", name="Kitchen").click()
    await bridge.close(4101)
    await expect(page.get_by_role("alert")).to_have_text("The bridge does not know this token.")

    await page.clock.run_for(2_100)

    await expect(page.get_by_role("listitem", name="Kitchen")).to_contain_text("Did not happen: you are signed out.")


async def test_other_token_in_an_open_page_signs_in_anew(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    hello = await bridge.next("hello")

    await page.evaluate("location.hash = '#token=other'")

    again = await bridge.next("hello", after=bridge.frames.index(hello) + 1)
    assert again["token"] == "other"
    assert page.url == SITE


@pytest.mark.parametrize("is_new", [False, True], ids=["in an open page", "in a new one"])
async def test_link_with_a_token_that_is_no_good_takes_a_good_one_from_nobody(
    context: BrowserContext, bridge: FakeBridge, is_new: bool
) -> None:
    """Any page of a stranger may have such a link, and a token is printed once."""
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    bridge.welcomes = False
    other = await context.new_page() if is_new else page
    await other.goto(f"{SITE}#token=other")
    hello = await bridge.next("hello", lambda frame: frame["token"] == "other")
    bridge.welcomes = True

    await bridge.close(4101)

    again = await bridge.next("hello", after=bridge.frames.index(hello) + 1)
    assert again["token"] == "good"
    await expect(other.locator("#link")).to_have_text("Live")
    assert await other.evaluate("() => localStorage.getItem('presslight.token')") == "good"


async def test_token_that_came_back_and_is_no_good_any_more_is_asked_for(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    bridge.welcomes = False
    await page.goto(f"{SITE}#token=other")
    hello = await bridge.next("hello", lambda frame: frame["token"] == "other")
    await bridge.close(4101)
    await bridge.next("hello", after=bridge.frames.index(hello) + 1)

    await bridge.close(4101)

    await expect(page.get_by_role("alert")).to_contain_text("does not know this token")
    assert bridge.sockets == 3


@pytest.mark.parametrize("link", ["#token=", "#token=%20", "#token=%C3%A9", f"#token={'x' * 300}"])
async def test_link_without_a_token_signs_nobody_out(context: BrowserContext, bridge: FakeBridge, link: str) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    other = await context.new_page()

    await other.goto(f"{SITE}{link}")

    await expect(other.locator("#link")).to_have_text("Live")


async def test_text_that_is_no_token_is_not_sent(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.goto(SITE)

    await page.get_by_role("textbox", name="Token").fill("x" * 300)
    await page.get_by_role("button", name="Connect").click()

    await expect(page.get_by_role("alert")).to_have_text("This is not a token.")
    assert bridge.sockets == 0
