"""What else happens to a phone: asleep, behind a network that blocks it, on a socket that is dead; its clock jumps."""

import json
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from tests.page.fake_bridge import LINK, SITE, FakeBridge, serve_page, view

HOUR_MS = 3_600_000


async def live(context: BrowserContext, *, clock: bool = False) -> Page:
    page = await context.new_page()
    if clock:
        await page.clock.install()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    return page


async def come_back(page: Page) -> None:
    """The screen is switched on again."""
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


async def test_page_that_slept_says_how_old_it_is_and_resyncs_once(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await live(context, clock=True)
    kitchen = page.get_by_role("listitem", name="Kitchen")
    hello = await bridge.next("hello")
    bridge.welcomes = False
    await page.clock.fast_forward(300_000)  # as a lid that was shut: nothing ran meanwhile
    await expect(kitchen).to_contain_text("As of 5 min ago")
    await bridge.next("hello", after=bridge.frames.index(hello) + 1)  # is not answered
    await page.clock.pause_at(await page.evaluate("Date.now() / 1000 + 1"))
    before = len(bridge.frames)

    bridge.welcomes, bridge.lights = True, [view(seq=7, state="ON")]
    await bridge.close(4002)
    await page.clock.run_for(1_000)
    await come_back(page)

    await expect(page.locator("#link")).to_have_text("Live")
    await expect(kitchen).to_contain_text("Online")
    await expect(page.get_by_role("switch", name="Kitchen")).to_be_checked()
    assert [frame["type"] for frame in bridge.frames[before:] if frame["type"] != "ping"] == ["hello"]


async def test_page_that_slept_on_a_live_socket_hears_the_clocks_anew(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    """Some browsers stop the page's own clock in a sleep; only the date then tells."""
    page = await live(context)
    hello = await bridge.next("hello")
    await page.evaluate("() => { const real = Date.now; Date.now = () => real() + 9_000; }")
    bridge.lights, bridge.clocks = [], [{"id": "kitchen", "boot": "00000001", "up": 900_000, "age_ms": 0}]
    await come_back(page)
    again = await bridge.next("hello", after=bridge.frames.index(hello) + 1)
    assert again["have"]["kitchen"]["version"] == [1, 1]
    await expect(page.locator("#link")).to_have_text("Live")
    await come_back(page)  # awake since then

    await page.get_by_role("switch", name="Kitchen").click()
    assert (await bridge.next("press"))["not_after"]["up"] >= 900_000
    assert bridge.sockets == 2


async def test_press_open_while_the_page_slept_is_asked_and_not_replayed(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await live(context, clock=True)
    kitchen = page.get_by_role("listitem", name="Kitchen")
    await page.get_by_role("switch", name="Kitchen").click()
    press = await bridge.next("press")
    bridge.tell(press, "accepted")
    await page.clock.fast_forward(600_000)
    await expect(kitchen).to_contain_text("Not confirmed yet. It may have happened; still asking…")

    again = await bridge.next("press", after=bridge.frames.index(press) + 1)
    await expect(page.locator("#link")).to_have_text("Live")
    again = bridge.presses()[-1]
    bridge.tell(again, "not_applied")

    await expect(kitchen).to_contain_text("Did not happen, and will not any more. Press again.")
    assert {(frame["key"], json.dumps(frame["not_after"])) for frame in bridge.presses()} == {
        (press["key"], json.dumps(press["not_after"]))
    }


async def test_press_on_a_dead_socket_is_done_over_the_second_path(context: BrowserContext, bridge: FakeBridge) -> None:
    """The network forgot the connection (NAT, another network): no FIN, no RST, no answer."""
    page = await live(context)
    bridge.answers_pings = False

    async def answer(route: Route) -> None:
        key = route.request.headers["idempotency-key"]
        legs = {"bridge_us": 4_000, "light_us": 300}
        done = {"status": "applied", "final": True, "version": [1, 2], "legs": legs}
        await route.fulfill(json={"type": "outcome", "key": key, "light": "kitchen"} | done)

    await context.route("**/api/**", answer)
    await page.get_by_role("switch", name="Kitchen").click()

    await expect(page.get_by_role("listitem", name="Kitchen")).to_contain_text("Done in")
    await bridge.connected(2)
    await expect(page.locator("#link")).to_have_text("Live")


Answer = Callable[[Route], Awaitable[None]]


async def portal(route: Route) -> None:
    await route.fulfill(status=302, headers={"Location": "http://portal.test/welcome"})


async def portal_at_once(route: Route) -> None:
    await route.fulfill(body="<h1>Welcome to our café</h1>", content_type="text/html")


async def ours(route: Route) -> None:
    await route.fulfill(json={"status": "up"})


async def proxy_without_a_bridge(route: Route) -> None:
    await route.fulfill(status=502, body="bad gateway")


async def nobody(route: Route) -> None:
    await route.abort("connectionrefused")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (portal, "Sign in to this network first: open any other page."),
        (portal_at_once, "Sign in to this network first: open any other page."),
        (ours, "No WebSocket gets through. Check the proxy or try another network."),
        (proxy_without_a_bridge, "No connection. Trying again…"),
        (nobody, "No connection. Trying again…"),
    ],
)
async def test_network_that_lets_no_websocket_through_is_named(
    context: BrowserContext, answer: Answer, says: str
) -> None:
    """Nobody is behind ws://page.test/ws here, so it never opens."""
    await serve_page(context)
    await context.route(f"{SITE}healthz", answer)
    page = await context.new_page()

    await page.goto(LINK)

    await expect(page.locator("#link")).to_contain_text(says)


async def test_network_that_opens_up_is_forgiven(context: BrowserContext) -> None:
    await serve_page(context)
    await context.route(f"{SITE}healthz", portal)
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_contain_text("Sign in to this network first")

    await page.goto("about:blank")  # the test plays a page's WebSocket only from the next load on
    await FakeBridge.behind(context)
    await page.goto(SITE)
    await expect(page.locator("#link")).to_have_text("Live")


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS])
async def test_jump_of_the_phones_date_changes_nothing(
    context: BrowserContext, bridge: FakeBridge, jump_ms: int
) -> None:
    page = await live(context)
    kitchen = page.get_by_role("listitem", name="Kitchen")
    await page.evaluate("(jump) => { const real = Date.now; Date.now = () => real() + jump; }", jump_ms)

    await page.get_by_role("switch", name="Kitchen").click()
    bridge.apply(await bridge.next("press"), seq=2)
    await expect(kitchen).to_contain_text("Done in")
    bridge.send({"type": "broker", "connected": False})
    await expect(kitchen).to_contain_text("As of just now")
