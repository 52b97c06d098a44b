"""That nothing moves under a finger, and that everything fits: large text, small screens, right to left."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.page.conftest import NewPhone
from tests.page.fake_bridge import LINK, SITE, FakeBridge, serve_page, view

STILL = 0.02
WATCH = """() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const { value, sources } of list.getEntries()) {
            shifts.push([value, sources.map(({ node }) => node?.id || node?.className || node?.nodeName)]);
        }
    }).observe({ type: 'layout-shift', buffered: true });
}"""
LARGE_PX = 32
"""The browser's own setting of its text, twice the usual one. Set in the page, it meets a moment of loading after which
Chromium does not ask again how many rem a container is wide."""

OUTSIDE = """() => [...document.querySelectorAll('button, input, h1, h2, p, #chart')].filter((node) => {
    const { left, right, width } = node.getBoundingClientRect();
    return width > 1 && (left < 0 || right > innerWidth);
}).map((node) => node.id || node.className || node.textContent)"""

BROKEN = """() => {
    const broken = [];
    const walker = document.createTreeWalker(document.querySelector('body'), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentElement.closest('.unseen, template, noscript, script, svg')) continue;
        for (const { 0: word, index } of node.data.matchAll(/[^\\s-]+/g)) {
            const range = document.createRange();
            range.setStart(node, index);
            range.setEnd(node, index + word.length);
            const parts = [...range.getClientRects()].filter(({ width }) => width > 0);
            if (new Set(parts.map(({ top }) => Math.round(top))).size > 1) broken.push(word);
        }
    }
    return broken;
}"""


async def shifted(page: Page) -> list[Any]:
    """Every shift so far, also those right after a finger, which browsers forgive."""
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return list(await page.evaluate("() => shifts"))


async def fails_three_times_and_recovers(page: Page, bridge: FakeBridge) -> None:
    words = page.get_by_role("listitem", name="Kitchen").locator(".press")
    failures = ("offline", "light_offline"), ("refused", "busy"), ("not_applied", None)
    for n, (status, reason) in enumerate((*failures, ("lost_in_reboot", None), ("forgotten", None)), start=1):
        await page.get_by_role("switch", name="Kitchen").click()
        press = await bridge.next("press", lambda frame, n=n: frame["key"].endswith(f"-{n}"))  # type: ignore[misc]  # mypy cannot type a lambda's default
        bridge.tell(press, "unconfirmed")
        await expect(words).to_contain_text("Not confirmed yet")
        bridge.tell(press, status, reason=reason)
        await expect(words).not_to_contain_text("Not confirmed yet")
    for broker in (False, True):
        bridge.send({"type": "broker", "connected": broker})
        await expect(page.locator("#link")).to_have_attribute("data-state", "live" if broker else "away")
    bridge.welcomes = False
    seen = len(bridge.frames)
    await bridge.close(1001)
    await bridge.next("hello", after=seen)  # is not answered
    await expect(page.locator("#link")).to_contain_text("No connection")
    bridge.welcomes = True
    await bridge.close(1001)
    await page.get_by_role("switch", name="Kitchen").click()
    await expect(page.locator("#link")).to_have_text("Live")
    bridge.apply(await bridge.next("press", lambda frame: frame["key"].endswith("-6")), seq=2)
    await expect(words).to_contain_text("Done in")


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_nothing_moves_over_load_failures_and_recovery(new_phone: NewPhone, width: int) -> None:
    context = await new_phone(viewport={"width": width, "height": 844})
    bridge = await FakeBridge.behind(context)
    bridge.lights = [view(name) for name in ("attic", "hall", "kitchen", "porch")]
    page = await context.new_page()
    await page.add_init_script(f"({WATCH})()")
    await page.goto(LINK)
    await expect(page.get_by_role("switch")).to_have_count(4)
    loaded = await shifted(page)
    places = "() => [...document.querySelectorAll('button, input, h2')].map((node) => node.getBoundingClientRect().y)"
    before = await page.evaluate(places)

    await fails_three_times_and_recovers(page, bridge)

    assert sum(value for value, _ in loaded) <= STILL, loaded
    shifts = await shifted(page)
    assert sum(value for value, _ in shifts) <= STILL, shifts
    assert "link" not in {name for _, names in shifts for name in names}  # whatever the font, and how often it changes
    assert await page.evaluate(places) == before


WORDS = """async () => {
    const { linkOf } = await import('/words.js');
    const states = ['signed_out', 'connecting', 'live', 'waiting', 'refused'];
    return states.flatMap((state) => [true, false].flatMap((broker) =>
        [null, 'portal', 'blocked'].map((obstacle) => linkOf(state, broker, obstacle))));
}"""


async def test_room_is_reserved_for_the_longest_words_of_the_link(context: BrowserContext, modules: Page) -> None:
    await serve_page(context)
    page = await context.new_page()
    await page.goto(SITE)
    assert await page.locator("header").get_attribute("data-longest") == max(await modules.evaluate(WORDS), key=len)


HEIGHTS = """() => ['No WebSocket gets through. Check the proxy or try another network.', 'Live'].map((words) => {
    document.getElementById('link').textContent = words;
    return document.querySelector('header').getBoundingClientRect().height;
})"""
WIDTHS = (195, 260, 320, 360, 370, 390, 414, 450, 640, 680, 1280)


async def test_words_of_a_network_that_lets_no_websocket_through_have_their_room(new_phone: NewPhone) -> None:
    """Nobody is behind ws://page.test/ws here, so it never opens. Room is the style's alone: it is at every width."""
    context = await new_phone(viewport={"width": WIDTHS[0], "height": 844})
    await serve_page(context)
    await context.route(f"{SITE}healthz", lambda route: route.fulfill(json={"status": "up"}))
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_contain_text("No WebSocket gets through.")

    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 844})
        told, live = await page.evaluate(HEIGHTS)

        assert live == told, width


@pytest.mark.parametrize(("height", "stays"), [(844, True), (256, False)])
async def test_words_of_the_link_stay_in_sight_where_there_is_room(
    context: BrowserContext, bridge: FakeBridge, height: int, stays: bool
) -> None:
    bridge.lights = [view(f"light-{n}") for n in range(20)]
    page = await context.new_page()
    await page.set_viewport_size({"width": 390, "height": height})
    await page.goto(LINK)
    await expect(page.get_by_role("switch")).to_have_count(20)

    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")

    if stays:
        await expect(page.locator("#link")).to_be_in_viewport(ratio=1)
    else:
        await expect(page.locator("#link")).not_to_be_in_viewport()


LIGHTS = (
    *(view("hall", state="ON"), view("living-room", state="ON", brightness=99), view("bathroom"), view("kitchen")),
    view("porch", online=False, age_ms=1_260_000, change={"by": "command", "age_ms": 7_200_000}),
)


@pytest.mark.parametrize(
    ("width", "large"),
    [
        *((195, False), (320, True), (195, True)),
        *(pytest.param(*each, marks=pytest.mark.nightly) for each in ((240, False), (390, True), (820, True))),
    ],
)
@pytest.mark.parametrize("link", [LINK, SITE], ids=["lights", "sign-in"])
async def test_page_is_usable_with_large_text_and_on_small_screens(
    new_phone: NewPhone, width: int, large: bool, link: str
) -> None:
    context = await new_phone(viewport={"width": width, "height": 700})
    bridge = await FakeBridge.behind(context)
    bridge.lights = list(LIGHTS)
    page = await context.new_page()
    if large:
        devtools = await context.new_cdp_session(page)
        await devtools.send("Page.setFontSizes", {"fontSizes": {"standard": LARGE_PX}})
    await page.goto(link)
    if link == LINK:
        await some_presses(page, bridge)

    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert await page.evaluate(OUTSIDE) == []
    if not (large and width == 195):  # four times as large as the page was made for: there long words may break
        assert await page.evaluate(BROKEN) == []


async def some_presses(page: Page, bridge: FakeBridge) -> None:
    for name, status in (("Hall", "applied"), ("Porch", "offline"), ("Kitchen", "unconfirmed")):
        await page.get_by_role("switch", name=name).click()
        press = await bridge.next("press", lambda frame, name=name: frame["light"] == name.lower())  # type: ignore[misc]  # mypy cannot type a lambda's default
        bridge.tell(press, status, version=[1, 1])
    lights = page.locator("#lights")
    for words in ("Not confirmed yet", "Done in", "Did not happen: the light"):
        await expect(lights).to_contain_text(words)
