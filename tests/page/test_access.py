"""That everybody can use the page: keyboard, screen reader, small screens, both colour schemes."""

import re

import pytest
from playwright.async_api import BrowserContext, Page, ViewportSize, expect

from tests.page.conftest import NewPhone
from tests.page.contrast import contrasts
from tests.page.fake_bridge import LINK, SITE, FakeBridge, view

AA = 4.5
LONG = "the-light-over-the-writing-desk1"
SHOWN = [view("hall", state="ON"), view("kitchen"), view("porch", online=False, age_ms=600_000), view(LONG, state="ON")]


async def open_page(context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    return page


async def test_page_can_be_used_with_the_keyboard_alone(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await open_page(context)

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("switch", name="Kitchen")).to_be_focused()
    await page.keyboard.press("Space")
    press = await bridge.next("press")
    bridge.apply(press, seq=2)
    await expect(page.get_by_role("switch", name="Kitchen")).to_be_checked()

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("slider", name="Brightness of Kitchen")).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    dimmed = await bridge.next("press", after=bridge.frames.index(press) + 1)
    assert dimmed["set"] == {"state": "ON", "brightness": 252}
    bridge.apply(dimmed, seq=3)
    await expect(page.get_by_role("listitem", name="Kitchen")).to_contain_text("On, 99%")


async def test_focus_can_be_seen(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await open_page(context)

    for role in ("switch", "slider"):
        await page.keyboard.press("Tab")
        outline = await page.get_by_role(role).evaluate(
            "(node) => [getComputedStyle(node).outlineStyle, parseFloat(getComputedStyle(node).outlineWidth)]"
        )
        assert outline == ["solid", 3]


async def test_screen_reader_finds_a_name_a_role_and_a_state_for_everything(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    bridge.lights = [view("living-room", state="ON", brightness=128)]
    page = await open_page(context)

    await expect(page.locator("body")).to_match_aria_snapshot("""
        - banner:
          - heading "Lights" [level=1]
          - status: Live
        - main:
          - list "Lights":
            - listitem "Living room":
              - heading "Living room" [level=2]
              - paragraph: On, 50%
              - paragraph: Online
              - switch "Living room" [checked]
              - slider "Brightness of Living room": "50"
          - region "Press to light":
            - heading "Press to light" [level=2]
            - img "No press yet."
    """)
    await expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "50%")


async def test_words_of_a_press_are_read_out_politely(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await open_page(context)
    news = page.locator("#news")
    await expect(news).to_have_attribute("aria-live", "polite")

    await page.get_by_role("switch").click()
    bridge.apply(await bridge.next("press"), seq=2)

    await expect(news).to_contain_text("Kitchen: Done in")
    await expect(page.get_by_role("switch")).to_have_accessible_description(re.compile("^Done in"))


@pytest.mark.parametrize("width", [195, 320])
@pytest.mark.parametrize(("link", "count"), [(LINK, 3), (SITE, 2)], ids=["lights", "sign-in"])
async def test_everything_to_be_touched_is_44_pixels_large(
    context: BrowserContext, bridge: FakeBridge, link: str, count: int, width: int
) -> None:
    page = await context.new_page()
    await page.set_viewport_size({"width": width, "height": 568})
    await page.goto(link)
    touched = page.locator("button:visible, input:visible")
    await expect(touched).to_have_count(count)

    boxes = await touched.evaluate_all("(nodes) => nodes.map((n) => [n.offsetWidth, n.offsetHeight])")

    assert all(width >= 44 and height >= 44 for width, height in boxes)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_has_contrast_enough(new_phone: NewPhone, modules: Page, scheme: str) -> None:
    context = await new_phone(color_scheme=scheme, viewport={"width": 390, "height": 1400})
    bridge = await FakeBridge.behind(context)
    bridge.lights = SHOWN
    page = await open_page(context)
    await every_tone(page, bridge)

    found = await contrasts(page, modules)

    assert len(found) > 20
    assert {text: ratio for text, ratio in found.items() if ratio < AA} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_sign_in_has_contrast_enough(new_phone: NewPhone, modules: Page, scheme: str) -> None:
    context = await new_phone(color_scheme=scheme)
    await FakeBridge.behind(context)
    page = await context.new_page()
    await page.goto(SITE)
    await page.get_by_role("button", name="Connect").click()
    await expect(page.get_by_role("alert")).to_have_text("This is not a token.")

    found = await contrasts(page, modules)

    assert len(found) >= 7
    assert {text: ratio for text, ratio in found.items() if ratio < AA} == {}


async def every_tone(page: Page, bridge: FakeBridge) -> None:
    """Bring each tone of a press's words onto the screen: done, wish, not."""
    hall, kitchen, porch = (page.get_by_role("switch", name=name, exact=True) for name in ("Hall", "Kitchen", "Porch"))
    await page.get_by_role("slider", name="Brightness of Hall").fill("90")
    bridge.apply(await bridge.next("press", lambda frame: frame["light"] == "hall"), seq=2)
    await porch.click()
    press = await bridge.next("press", lambda frame: frame["light"] == "porch")
    bridge.tell(press, "offline", reason="light_offline")
    await kitchen.click()
    bridge.tell(await bridge.next("press", lambda frame: frame["light"] == "kitchen"), "accepted")
    words = page.locator(".press")
    for text in ("Done in", "the light is offline", "Turning on…"):
        await expect(words.get_by_text(text)).to_be_visible()
    await expect(hall).to_be_checked()


@pytest.mark.parametrize(
    "size",
    [
        {"width": 320, "height": 568},
        {"width": 390, "height": 844},
        {"width": 820, "height": 1180},
        {"width": 1280, "height": 800},
    ],
    ids=lambda size: str(size["width"]),
)
async def test_nothing_runs_over_the_side(context: BrowserContext, bridge: FakeBridge, size: ViewportSize) -> None:
    bridge.lights = SHOWN
    page = await open_page(context)
    await page.set_viewport_size(size)

    wide = await page.evaluate("() => document.documentElement.scrollWidth")
    cut = await page.locator(".light *:visible").evaluate_all("""(nodes) => nodes.filter((node) => {
        const [inner, outer] = [node.getBoundingClientRect(), node.closest('.light').getBoundingClientRect()];
        return !node.closest('.lamp') && (inner.right > outer.right + 0.5 || inner.bottom > outer.bottom + 0.5);
    }).map((node) => node.className)""")

    assert wide == size["width"]
    assert cut == []


async def test_lights_stand_side_by_side_where_there_is_room(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.lights = [view(name) for name in ("attic", "hall", "kitchen")]
    page = await open_page(context)
    await page.set_viewport_size({"width": 1280, "height": 800})

    tops = await page.get_by_role("listitem").evaluate_all("(nodes) => nodes.map((n) => n.getBoundingClientRect().y)")

    assert len(set(tops)) == 1


async def test_nothing_moves_for_those_who_asked_for_that(new_phone: NewPhone) -> None:
    context = await new_phone(reduced_motion="reduce")
    bridge = await FakeBridge.behind(context)
    page = await open_page(context)
    await page.get_by_role("switch").click()
    await bridge.next("press")
    await expect(page.locator(".wishing")).to_have_count(1)

    assert await page.evaluate("() => document.getAnimations().length") == 0


async def test_page_asks_no_other_host_and_keeps_to_its_policy(
    context: BrowserContext, bridge: FakeBridge, complaints: list[str]
) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = await open_page(context)
    await page.get_by_role("switch").click()
    bridge.apply(await bridge.next("press"), seq=2)
    await expect(page.get_by_role("listitem")).to_contain_text("Done in")

    assert all(url.startswith(SITE) for url in asked)
    assert complaints == []
