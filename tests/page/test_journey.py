"""The page on real parts: Chromium, the bridge, Mosquitto, and lights with the real firmware."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from playwright.async_api import BrowserContext, Locator, Page, WebSocket, expect

from presslight.broker.accounts import CREDENTIALS, Accounts
from presslight.broker.mosquitto import Mosquitto
from presslight.cloud.server import BridgeServer
from presslight.cloud.store.tokens import issue_token, revoke_tokens
from presslight.simulated.simulated_light import SimulatedLight
from presslight.stack import Stack
from tests.page.bridge_process import BridgeProcess
from tests.page.conftest import WAIT_S, NewPhone
from tests.proxy import proxy

DONE = re.compile(r"Done in [0-9.,]+\sms")


async def open_page(context: BrowserContext, stack: Stack) -> Page:
    """The page, live, with both lights online."""
    page = await context.new_page()
    await page.goto(stack.phone_link)
    await expect(page.locator("#link")).to_have_text("Live")
    await expect(page.get_by_text("Online")).to_have_count(2)
    return page


def card(page: Page, name: str = "Kitchen") -> Locator:
    return page.get_by_role("listitem", name=name)


def power(page: Page, name: str = "Kitchen") -> Locator:
    return page.get_by_role("switch", name=name)


async def glows(light: SimulatedLight, condition: Callable[[int], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        await light.until(lambda output: condition(output.duty))


async def test_press_lights_the_light_and_says_how_long_it_took(
    context: BrowserContext, stack: Stack, complaints: list[str]
) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = await open_page(context, stack)

    await power(page).click()

    await glows(stack.lights["kitchen"], lambda duty: duty > 0)
    await expect(card(page)).to_contain_text(DONE)
    await expect(power(page)).to_be_checked()
    await expect(power(page, "Hall")).not_to_be_checked()
    await expect(page.get_by_role("region", name="Press to light")).to_contain_text(
        re.compile(r"Within the budget of 2,000\sms")
    )
    assert page.url == f"{stack.url}/"
    assert all(url.startswith(stack.url) for url in asked)
    assert complaints == []


async def test_page_below_a_path_of_a_proxy_presses_there(
    context: BrowserContext, stack: Stack, complaints: list[str]
) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    async with proxy(stack.url, "/house1") as url:
        page = await context.new_page()
        await page.goto(f"{url}/#token={stack.token}")
        await expect(page.locator("#link")).to_have_text("Live")
        await power(page).click()
        await expect(card(page)).to_contain_text(DONE)
        await page.close()
    assert all(each.startswith(f"{url}/") for each in asked)
    assert complaints == []


async def test_proxy_that_forgets_subprotocols_costs_one_connection(context: BrowserContext, stack: Stack) -> None:
    opened = 0

    def count(_socket: WebSocket) -> None:
        nonlocal opened
        opened += 1

    async with proxy(stack.url, subprotocols=False) as url:
        page = await context.new_page()
        page.on("websocket", count)
        await page.goto(f"{url}/#token={stack.token}")
        await expect(page.locator("#link")).to_have_text("Live")
        await power(page).click()
        await expect(card(page)).to_contain_text(DONE)
        await page.close()
    assert opened == 2


async def test_one_phone_presses_and_the_other_shows_it(
    context: BrowserContext, new_phone: NewPhone, stack: Stack
) -> None:
    page, other = await open_page(context, stack), await open_page(await new_phone(), stack)

    await power(page).click()
    await expect(power(other)).to_be_checked()
    await expect(card(other)).to_contain_text("Changed by demo.")

    token = issue_token(stack.bridge.settings.store, phone="Ada's phone")
    await other.goto(f"{stack.url}/#token={token}")
    await expect(other.get_by_text("Signed in as Ada's phone")).to_be_visible()
    await power(other).click()
    await expect(power(page)).not_to_be_checked()
    await expect(card(page)).to_contain_text("Changed by Ada's phone.")
    await other.reload()
    await expect(card(other)).to_contain_text("Set by Ada's phone")


async def test_button_on_the_light_shows_on_the_page(context: BrowserContext, stack: Stack) -> None:
    page = await open_page(context, stack)

    stack.lights["kitchen"].press_button()

    await expect(power(page)).to_be_checked()
    await expect(card(page)).to_contain_text("Changed at its button.")


async def test_slider_dims_the_light_to_its_last_value(context: BrowserContext, stack: Stack) -> None:
    page = await open_page(context, stack)
    slider = page.get_by_role("slider", name="Brightness of Kitchen")

    for value in range(90, 9, -10):
        await slider.fill(str(value))

    await expect(card(page)).to_contain_text("On, 10%")
    await expect(slider).to_have_value("10")
    await glows(stack.lights["kitchen"], lambda duty: 0 < duty < 6_553)


async def test_light_without_power_is_told_and_comes_back(context: BrowserContext, stack: Stack) -> None:
    page = await open_page(context, stack)
    light = stack.lights["kitchen"]

    await light.power_cut()
    await expect(card(page)).to_contain_text("Offline, heard")
    await power(page).click()
    await expect(card(page)).to_contain_text("Did not happen: the light is offline")
    await expect(power(page)).not_to_be_checked()

    await light.power_on()
    await expect(card(page)).to_contain_text("Online")
    await power(page).click()
    await expect(card(page)).to_contain_text(DONE)


async def test_broker_dies_and_comes_back(context: BrowserContext, stack: Stack) -> None:
    page = await open_page(context, stack)
    assert isinstance(stack.broker, Mosquitto)

    await stack.broker.kill()
    await expect(page.locator("#link")).to_contain_text("The bridge cannot reach the lights")
    await expect(card(page)).to_contain_text("As of just now")
    await power(page).click()
    await expect(card(page)).to_contain_text("Did not happen: the bridge cannot reach the lights.")
    await expect(power(page)).not_to_be_checked()

    await stack.broker.start()
    await expect(page.locator("#link")).to_have_text("Live")
    await expect(card(page)).to_contain_text("Online")
    await power(page).click()
    await expect(card(page)).to_contain_text(DONE)


async def test_bridge_restarts_and_the_page_comes_back_by_itself(context: BrowserContext, stack: Stack) -> None:
    page = await open_page(context, stack)
    settings, port = stack.bridge.settings, stack.bridge.port

    await stack.bridge.__aexit__(None, None, None)
    await expect(page.locator("#link")).to_have_text("No connection. Trying again…")
    await expect(card(page)).to_contain_text("As of just now")
    async with BridgeServer(settings, "127.0.0.1", port):
        await expect(page.locator("#link")).to_have_text("Live")
        await expect(card(page)).to_contain_text("Online")
        await power(page).click()
        await expect(card(page)).to_contain_text(DONE)


async def test_press_into_lost_wifi_is_asked_after_a_reload_and_never_acts_late(
    context: BrowserContext, stack: Stack
) -> None:
    page = await open_page(context, stack)
    light = stack.lights["kitchen"]
    light.set_wifi(False)
    await power(page).click()
    await expect(card(page)).to_contain_text("Turning on…")

    await page.reload()
    await expect(card(page)).to_contain_text(re.compile("Asking what came of your last press|Not confirmed yet"))
    await expect(card(page)).to_contain_text("Not confirmed yet. It may have happened; still asking…")
    await expect(power(page)).not_to_be_checked()

    light.set_wifi(True)
    await expect(card(page)).to_contain_text("Did not happen")
    await expect(card(page)).to_contain_text("Online")
    await expect(power(page)).not_to_be_checked()
    assert light.duty == 0
    assert await page.evaluate("() => Object.keys(localStorage)") == ["presslight.token"]


async def test_revoked_token_ends_the_visit(context: BrowserContext, stack: Stack) -> None:
    page = await open_page(context, stack)

    revoke_tokens(stack.bridge.settings.store, phone="demo")

    await expect(page.get_by_role("alert")).to_contain_text("does not know this token")
    await expect(page.get_by_role("textbox", name="Token")).to_be_focused()


async def test_killed_bridge_comes_back_and_the_open_press_is_asked_again(
    context: BrowserContext, stack: Stack, tmp_path: Path
) -> None:
    assert stack.broker
    accounts = Accounts.load(tmp_path / CREDENTIALS)
    broker = stack.broker.address.signed_in_as("bridge", accounts.password("bridge"))
    await stack.bridge.__aexit__(None, None, None)
    async with BridgeProcess(broker, tmp_path / "bridge") as bridge:
        page = await context.new_page()
        await page.goto(bridge.link)
        await expect(card(page)).to_contain_text("Online")
        stack.lights["kitchen"].set_wifi(False)
        await power(page).click()
        await expect(card(page)).to_contain_text("Turning on…")

        await bridge.kill()
        await expect(page.locator("#link")).to_have_text("No connection. Trying again…")
        await expect(card(page)).to_contain_text("Not confirmed yet. It may have happened; still asking…")

        stack.lights["kitchen"].set_wifi(True)
        await bridge.start()
        await expect(page.locator("#link")).to_have_text("Live")
        await expect(card(page)).to_contain_text("Did not happen")
        await expect(card(page)).to_contain_text("Online")
        await power(page).click()
        await expect(card(page)).to_contain_text(DONE)
