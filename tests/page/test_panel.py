"""The panel that says how long presses took, with the test as the bridge."""

import re

from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.page.fake_bridge import LINK, FakeBridge, view


async def open_page(context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.get_by_role("switch").first).to_be_visible()
    return page


def kitchen(page: Page) -> Locator:
    return page.get_by_role("listitem", name="Kitchen")


def power(page: Page) -> Locator:
    return kitchen(page).get_by_role("switch")


async def test_journey_panel_shows_first_when_it_was_told(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await open_page(context)
    panel = page.get_by_role("region", name="Press to light")
    await expect(panel).to_contain_text("The budget is 2,000 ms.")

    await power(page).click()
    bridge.apply(await bridge.next("press"), seq=2)

    await expect(panel).to_contain_text(re.compile(r"[0-9.]+\sms until told, just now"))
    words = r"Within the budget of 2,000\sms[.] The light changed between 0.3\sms and"
    await expect(panel).to_contain_text(re.compile(words))
    felt = await panel.locator("#felt").text_content()
    assert felt
    await expect(kitchen(page)).to_contain_text(f"Done in {felt}.")
    await expect(panel.get_by_role("img")).to_have_accessible_name(f"Last press: told after {felt}.")
    await expect(panel.locator("circle")).to_have_count(1)

    await power(page).click()
    bridge.apply(await bridge.next("press", lambda frame: frame["key"].endswith("-2")), seq=3)
    await expect(panel.locator("circle")).to_have_count(2)
    await expect(panel.get_by_role("img")).to_have_accessible_name(
        re.compile("^Last 2 presses: all done[.] Half were told within .* All within the budget[.]$")
    )


async def test_journey_panel_counts_what_did_not_happen(context: BrowserContext, bridge: FakeBridge) -> None:
    names = [f"light-{n}" for n in range(8)]
    bridge.lights = [view(name) for name in names]
    page = await open_page(context)
    panel = page.get_by_role("region", name="Press to light")

    for n, name in enumerate(names):
        await page.get_by_role("switch", name=f"Light {n}").click()
        press = await bridge.next("press", lambda frame, name=name: frame["light"] == name)  # type: ignore[misc]  # mypy cannot type a lambda's default
        if n < 3:
            bridge.apply(press, seq=2)
        elif n == 6:
            bridge.tell(press, "lost_in_reboot")
        elif n == 7:
            bridge.tell(press, "refused", reason="superseded")
        else:
            bridge.tell(press, "offline", reason="light_offline")
        await expect(page.get_by_role("switch", name=f"Light {n}")).to_have_attribute("data-wish", "")

    summary = panel.get_by_role("img")
    await expect(summary).to_have_accessible_name(
        re.compile("^Last 7 presses: 3 done, 3 did not happen, 1 not known[.]")
    )
    await expect(summary).not_to_have_accessible_name(re.compile("All"))
    await expect(panel.locator("#felt")).to_have_text("Not known")
    await expect(panel.locator(".cross")).to_have_count(3)
    await expect(panel.locator(".unknown")).to_have_count(1)
    await expect(panel.locator(".dot")).to_have_count(3)
