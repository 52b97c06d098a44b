"""Signing in, the connection in words, what outlives a reload; with the test as the bridge."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import BrowserContext, Route, expect

from tests.page.conftest import NewPhone
from tests.page.fake_bridge import LINK, PAGES, SITE, FakeBridge, serve_page, view


async def test_page_without_javascript_says_so_and_nothing_else(new_phone: NewPhone) -> None:
    context = await new_phone(java_script_enabled=False)
    await serve_page(context)
    page = await context.new_page()
    await page.goto(LINK)

    await expect(page.locator("noscript .note")).to_be_visible()
    seen = (await page.locator("body").inner_text()).split("\n")
    assert [line.partition(":")[0] for line in seen if line.strip()] == ["Lights", "This page needs JavaScript"]


@pytest.mark.parametrize("moves", ["no-preference", "reduce"])
@pytest.mark.parametrize("end", [b"const $link = ", b"start();", b"</script>"])
async def test_page_that_did_not_load_whole_says_after_a_while_what_helps(
    new_phone: NewPhone, end: bytes, moves: str
) -> None:
    context = await new_phone(reduced_motion=moves)
    await FakeBridge.behind(context)
    page = await context.new_page()
    await page.route(SITE, cut_before(end))
    await page.goto(LINK)
    words = page.get_by_text("If this stays, reload the page.")
    await expect(words).to_be_hidden()

    await page.evaluate("document.getAnimations().forEach((waiting) => waiting.finish())")

    await expect(words).to_be_visible()
    await page.unroute(SITE)
    await page.reload()
    await expect(page.locator("#link")).to_have_text("Live")


def cut_before(end: bytes) -> Callable[[Route], Awaitable[None]]:
    """The page as it comes where the connection is lost there."""
    document = PAGES.document()
    body = document.body[: document.body.rindex(end)]
    headers = {"Content-Security-Policy": document.policy}

    async def answer(route: Route) -> None:
        await route.fulfill(body=body, headers=headers, content_type="text/html; charset=utf-8")

    return answer


@pytest.mark.parametrize("code", [4102, 4103, 4104])
async def test_page_that_is_turned_away_does_not_come_back(
    context: BrowserContext, bridge: FakeBridge, code: int
) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await bridge.next("hello")
    await bridge.close(code)
    await expect(page.locator("#link")).to_contain_text("Reload the page")

    await page.clock.run_for(120_000)
    assert bridge.sockets == 1


@pytest.mark.parametrize("code", [1012, 4001, 4002, 4003, 4004])
async def test_page_comes_back_with_what_it_has(context: BrowserContext, bridge: FakeBridge, code: int) -> None:
    bridge.lights = [view(seq=4), view("hall", seq=9, online=False)]
    page = await context.new_page()
    await page.goto(LINK)
    hello = await bridge.next("hello")
    assert hello["have"] == {}

    await bridge.close(code)
    again = await bridge.next("hello", after=bridge.frames.index(hello) + 1)

    have = {"kitchen": {"version": [1, 4], "online": True}, "hall": {"version": [1, 9], "online": False}}
    assert again["have"] == have
    await expect(page.locator("#link")).to_have_text("Live")


async def test_lost_connection_is_told_with_the_age_of_what_is_shown(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    kitchen = page.get_by_role("listitem", name="Kitchen")
    await expect(kitchen).to_contain_text("Online")

    bridge.welcomes = False
    await bridge.close(1001)
    await expect(page.locator("#link")).to_have_text("No connection. Trying again…")
    await expect(kitchen).to_contain_text("As of just now")
    await page.clock.run_for(305_000)
    await expect(kitchen).to_contain_text("As of 5 min ago")
    await expect(page.locator("#link")).to_have_text("No connection. Trying again…")


async def test_press_without_a_connection_did_not_happen(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    bridge.welcomes = False
    await bridge.close(1001)
    await expect(page.locator("#link")).to_have_text("No connection. Trying again…")

    kitchen = page.get_by_role("listitem", name="Kitchen")
    await kitchen.get_by_role("switch").click()
    await expect(kitchen).to_contain_text("waiting for a connection")
    await page.clock.run_for(2_100)
    await expect(kitchen).to_contain_text("Did not happen: no connection.")

    bridge.welcomes = True
    await page.clock.run_for(20_000)
    await expect(page.locator("#link")).to_have_text("Live")
    assert bridge.presses() == []


async def test_finger_cuts_the_wait_for_the_next_try_short(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.clock.install(time=0)
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    await page.clock.pause_at(10)
    await bridge.close(1012)
    await expect(page.locator("#link")).to_have_text("No connection. Trying again…")
    assert bridge.sockets == 1

    await page.get_by_role("switch", name="Kitchen").click()

    press = await bridge.next("press")
    bridge.apply(press, seq=2)
    await expect(page.get_by_role("listitem", name="Kitchen")).to_contain_text("Done in")
    assert bridge.sockets == 2


async def test_broker_away_is_told_and_the_lights_age(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    kitchen = page.get_by_role("listitem", name="Kitchen")
    await expect(kitchen).to_contain_text("Online")

    bridge.send({"type": "broker", "connected": False})
    await expect(page.locator("#link")).to_contain_text("The bridge cannot reach the lights")
    await expect(kitchen).to_contain_text("As of just now")

    bridge.send({"type": "broker", "connected": True})
    await expect(page.locator("#link")).to_have_text("Live")
    await expect(kitchen).to_contain_text("Online")


async def test_light_that_the_next_bridge_does_not_know_is_offline(context: BrowserContext, bridge: FakeBridge) -> None:
    """A power cut of the whole house: the broker came back with nothing, and this lamp is switched off at the wall."""
    page = await context.new_page()
    await page.goto(LINK)
    kitchen = page.get_by_role("listitem", name="Kitchen")
    await expect(kitchen).to_contain_text("Online")
    bridge.lights, bridge.broker = [], False
    await bridge.close(1012)
    await expect(page.locator("#link")).to_contain_text("The bridge cannot reach the lights")
    await expect(kitchen).to_contain_text("As of")

    bridge.send({"type": "broker", "connected": True})

    await expect(kitchen).to_contain_text("Offline")


async def test_silent_bridge_is_noticed(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    bridge.answers_pings = False
    bridge.welcomes = False

    await page.clock.run_for(13_000)

    await expect(page.locator("#link")).to_have_text("No connection. Trying again…")


async def test_page_that_comes_back_to_the_front_checks_its_link_at_once(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    await bridge.next("ping")
    await expect(page.locator("#link")).to_have_text("Live")

    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    await bridge.next("ping", lambda frame: frame["n"] == 2)


async def test_press_open_at_a_reload_is_asked_again_under_its_key(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    await page.get_by_role("switch", name="Kitchen").click()
    press = await bridge.next("press")

    await page.reload()
    again = await bridge.next("press", after=bridge.frames.index(press) + 1)
    assert {**again, "age_ms": 0} == {**press, "age_ms": 0}
    await expect(page.get_by_role("listitem", name="Kitchen")).to_contain_text("Asking what came of your last press")

    bridge.apply(again, seq=2)
    await expect(page.get_by_role("listitem", name="Kitchen")).to_contain_text("Done.")
    assert not [frame for frame in bridge.frames if frame["type"] == "shown"]

    bridge.lights = [view(seq=2, state="ON")]
    await page.reload()
    await expect(page.locator("#link")).to_have_text("Live")
    await page.get_by_role("switch", name="Kitchen").click()
    newer = await bridge.next("press", lambda frame: frame["set"] == {"state": "OFF"})
    assert newer["key"].split("-")[0] != press["key"].split("-")[0]
    assert [frame["key"] for frame in bridge.presses()].count(press["key"]) == 2


async def test_frame_that_a_newer_bridge_may_send_is_ignored(
    context: BrowserContext, bridge: FakeBridge, complaints: list[str]
) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    await bridge.next("ping")

    bridge.send({"type": "weather", "rain": True})
    bridge.send(
        {"type": "outcome", "key": "0123456789abcdef-1", "light": "kitchen", "status": "applied", "final": True}
    )
    bridge.send({"type": "light", "light": view(seq=2, state="ON", mood="calm")})

    await expect(page.get_by_role("switch", name="Kitchen")).to_have_attribute("aria-checked", "true")
    assert complaints == []


async def test_light_that_is_forgotten_leaves_the_page(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    kitchen = page.get_by_role("listitem", name="Kitchen")
    await expect(kitchen).to_contain_text("Online")
    bridge.send({"type": "gone", "light": "kitchen"})
    await expect(kitchen).to_have_count(0)
    await expect(page.locator("#news")).to_have_text("Kitchen was taken away.")
    bridge.send({"type": "light", "light": view(version=[1, 0])})
    await expect(kitchen).to_contain_text("Online")


async def test_light_that_was_forgotten_meanwhile_leaves_the_page_at_the_welcome(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    kitchen = page.get_by_role("listitem", name="Kitchen")
    await expect(kitchen).to_contain_text("Online")
    bridge.lights, bridge.gone = [], ["kitchen"]
    await bridge.close(1012)
    await expect(kitchen).to_have_count(0)


async def test_word_on_a_press_comes_also_after_its_light_was_forgotten(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    await page.get_by_role("switch", name="Kitchen").click()
    press = await bridge.next("press")
    bridge.send({"type": "gone", "light": "kitchen"})
    bridge.tell(press, "forgotten", final=True)
    await expect(page.locator("#news")).to_contain_text("Kitchen:")
