"""Who set a light and when, and how words fade, with the test as the bridge."""

import re
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.page.fake_bridge import LINK, FakeBridge, view

BY_NAMESAKE = {"by": "phone", "phone": "demo", "age_ms": 10}
"""The press of a phone that has the name of this one, as tokens have by default."""


async def open_page(context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.get_by_role("switch").first).to_be_visible()
    return page


def kitchen(page: Page) -> Locator:
    return page.get_by_role("listitem", name="Kitchen")


def power(page: Page) -> Locator:
    return kitchen(page).get_by_role("switch")


async def test_light_that_goes_offline_is_no_change_of_it(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.lights = [view(state="ON")]
    page = await open_page(context)

    bridge.send({"type": "light", "light": view(state="ON", online=False)})

    await expect(kitchen(page)).to_contain_text("Was on, 100%")
    await expect(kitchen(page).locator(".press")).to_have_text("")


@pytest.mark.parametrize(
    ("change", "rests", "told"),
    [
        ({"by": "phone", "phone": "Ada's phone"}, "Set by Ada's phone, 5 min ago", "Changed by Ada's phone."),
        ({"by": "phone", "phone": "demo"}, "Set by demo, 5 min ago", "Changed by demo."),
        ({"by": "phone"}, "Set by a phone, 5 min ago", "Changed by a phone."),
        ({"by": "button"}, "Set at its button, 5 min ago", "Changed at its button."),
        (
            {"by": "command"},
            "Set by Home Assistant or another program, 5 min ago",
            "Changed by Home Assistant or another program.",
        ),
        ({"by": "start"}, "Unchanged since it started, 5 min ago", "Changed as it started."),
        ({"by": "moon"}, "", "Changed elsewhere."),
        (None, "", "Changed elsewhere."),
    ],
)
async def test_who_set_the_light_and_when_is_told(
    context: BrowserContext, bridge: FakeBridge, change: dict[str, str] | None, rests: str, told: str
) -> None:
    given: dict[str, Any] = {"change": change | {"age_ms": 300_000}} if change else {}
    bridge.lights = [view(**given)]
    page = await open_page(context)
    await expect(kitchen(page).locator(".press")).to_have_text(rests)

    bridge.send({"type": "light", "light": view(seq=2, state="ON", **given)})

    await expect(kitchen(page).locator(".press")).to_have_text(told)
    words = told.removeprefix("Changed ").removesuffix(".")
    await expect(page.locator("#news")).to_have_text(f"Kitchen changed {words}: On, 100%.")


async def test_own_press_is_told_as_own_once_its_words_have_faded(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await power(page).click()
    bridge.apply(await bridge.next("press"), seq=2, change={"by": "phone", "phone": "demo", "age_ms": 10})
    await expect(kitchen(page)).to_contain_text("Done in")
    await expect(page.locator("#news")).not_to_be_empty()
    await all_is_heard(bridge)

    await go_on(page, bridge, 16)

    await expect(kitchen(page).locator(".press")).to_have_text("Set by you, 10 s ago")
    await expect(page.locator("#news")).to_be_empty()


async def test_press_of_another_phone_of_the_same_name_is_not_told_as_own(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await power(page).click()
    bridge.apply(await bridge.next("press"), seq=2, change=BY_NAMESAKE)
    await expect(kitchen(page)).to_contain_text("Done in")

    bridge.send({"type": "light", "light": view(seq=3, change=BY_NAMESAKE)})

    await expect(kitchen(page).locator(".press")).to_have_text("Changed by demo.")
    await go_on(page, bridge, 16)
    await expect(kitchen(page).locator(".press")).to_have_text("Set by demo, 10 s ago")


async def go_on(page: Page, bridge: FakeBridge, seconds: int) -> None:
    """Let time pass beside a bridge that says something each few seconds: a silent one would be left."""
    for _ in range(0, seconds, 4):
        await page.clock.run_for(4_000)
        await all_is_heard(bridge)


async def all_is_heard(bridge: FakeBridge) -> None:
    """The page has taken in all that was sent: it answers a ping behind that."""
    bridge.send({"type": "ping", "n": 77})
    while (await bridge.next("pong"))["n"] != 77:
        pass


async def test_own_press_that_changed_nothing_takes_no_credit(context: BrowserContext, bridge: FakeBridge) -> None:
    """The light tells its present version, which another press brought about."""
    bridge.lights = [view(seq=7, state="ON", change=BY_NAMESAKE)]
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await page.get_by_role("slider", name="Brightness of Kitchen").press("End")
    await page.get_by_role("slider", name="Brightness of Kitchen").press("ArrowLeft")
    press = await bridge.next("press")
    bridge.apply(press, seq=7, change=BY_NAMESAKE)
    await expect(kitchen(page)).to_contain_text("Done in")
    await all_is_heard(bridge)

    await go_on(page, bridge, 16)

    await expect(kitchen(page).locator(".press")).to_have_text(re.compile("^Set by demo, [12]0 s ago$"))


@pytest.mark.parametrize("change", [{"by": "phone", "phone": "Ada's phone"}, {"by": "button"}, {"by": "command"}])
async def test_press_that_the_bridge_ascribes_to_another_is_not_told_as_own(
    context: BrowserContext, bridge: FakeBridge, change: dict[str, str]
) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await power(page).click()
    bridge.apply(await bridge.next("press"), seq=2, change=change | {"age_ms": 10})
    await expect(kitchen(page)).to_contain_text("Done in")
    await all_is_heard(bridge)

    await go_on(page, bridge, 16)

    await expect(kitchen(page).locator(".press")).not_to_contain_text("you")
    await expect(kitchen(page).locator(".press")).to_contain_text("Set")


@pytest.mark.parametrize("hours", [1, 8])
async def test_words_have_faded_when_the_phone_comes_back(
    context: BrowserContext, bridge: FakeBridge, hours: int
) -> None:
    """In a sleep some browsers stop every clock of a page but the date."""
    bridge.lights = [view("hall"), view()]
    page = await open_page(context)
    await power(page).click()
    bridge.apply(await bridge.next("press"), seq=2)
    await expect(kitchen(page)).to_contain_text("Done in")
    await page.get_by_role("switch", name="Hall").click()
    press = await bridge.next("press", lambda frame: frame["light"] == "hall")
    bridge.tell(press, "offline", reason="light_offline")
    await expect(page.locator("#lights")).to_contain_text("Did not happen")

    await page.evaluate("(ms) => { const real = Date.now; Date.now = () => real() + ms; }", hours * 3_600_000)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    for name in ("Hall", "Kitchen"):
        await expect(page.get_by_role("listitem", name=name).locator(".press")).to_have_text("")
    await expect(page.locator("#when")).to_have_text(f"{hours} h ago")


async def test_words_that_wait_for_their_last_one_stay(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await power(page).click()
    await bridge.next("press")

    await page.clock.run_for(300_000)

    await expect(kitchen(page)).to_contain_text("Not confirmed yet. It may have happened; still asking…")


async def test_light_whose_versions_begin_anew_is_shown_and_obeys(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.lights = [view(version=[9, 9], boot="0badb007")]
    page = await open_page(context)
    await power(page).click()
    press = await bridge.next("press")
    bridge.tell(press, "applied", version=[9, 10], legs={"bridge_us": 4_000, "light_us": 300})

    bridge.send({"type": "light", "light": view(seq=3, line=1)})

    await expect(power(page)).to_have_attribute("aria-checked", "false")
    await expect(power(page)).to_have_attribute("data-wish", "")  # it waits no more for what the other one did
    await power(page).click()
    again = await bridge.next("press", lambda frame: bool(frame["key"] != press["key"]))
    assert (again["if_ver"], again["not_after"]["boot"]) == ([1, 3], "00000001")


async def test_own_press_that_no_bridge_knows_is_not_waited_for(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await open_page(context)
    await power(page).click()
    press = await bridge.next("press")
    bridge.tell(press, "applied", version=[9, 10], legs={"bridge_us": 4_000, "light_us": 300})
    await expect(power(page)).to_have_attribute("data-wish", "ON")

    await bridge.close(4002)
    await bridge.connected(2)

    await expect(power(page)).to_have_attribute("data-wish", "")


async def test_name_that_two_devices_use_is_told(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await open_page(context)
    words = "Two devices use the name kitchen: either may obey."

    bridge.send({"type": "light", "light": view(seq=2, shared=True)})

    await expect(kitchen(page).locator(".press")).to_have_text(words)
    await expect(page.locator("#news")).to_have_text(f"Kitchen: {words}")


async def test_light_whose_flash_refuses_says_so(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await open_page(context)
    words = "Its memory takes no changes: after a power cut it may be as it was before."

    bridge.send({"type": "light", "light": view(seq=2, degraded=True)})
    await expect(kitchen(page).locator(".press")).to_have_text(words)

    bridge.send({"type": "light", "light": view(seq=3)})
    await expect(kitchen(page).locator(".press")).not_to_have_text(words)
