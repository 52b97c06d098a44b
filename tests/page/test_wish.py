"""What the switch shows and takes while a press is on its way, with the test as the bridge."""

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.page.fake_bridge import LINK, FakeBridge, view


async def open_page(context: BrowserContext) -> Page:
    """The page, live, with its clock stopped: no deadline comes, and no copy of a press."""
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    await page.clock.pause_at(await page.evaluate("Date.now() / 1000 + 1"))
    return page


def kitchen(page: Page) -> Locator:
    return page.get_by_role("listitem", name="Kitchen")


def power(page: Page) -> Locator:
    return kitchen(page).get_by_role("switch")


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Brightness of Kitchen")


async def test_toggle_leaves_as_a_value_for_the_version_that_was_seen(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    bridge.lights = [view(seq=7, state="ON")]
    page = await open_page(context)

    await power(page).click()
    press = await bridge.next("press")

    assert press["set"] == {"state": "OFF"}
    assert press["if_ver"] == [1, 7]
    assert press["not_after"]["boot"] == "00000001"
    assert press["not_after"]["up"] >= 62_000
    origin, n = press["key"].split("-")
    assert len(origin) == 16
    assert n == "1"


async def test_second_tap_means_the_same_while_the_first_is_on_its_way(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await open_page(context)

    for _ in range(3):
        await power(page).click()
    press = await bridge.next("press")
    await expect(kitchen(page)).to_contain_text("Turning on… already on its way")
    await expect(power(page)).to_have_attribute("data-wish", "ON")
    await expect(power(page)).not_to_be_checked()
    await expect(kitchen(page).locator(".state")).to_have_text("Off")
    bridge.apply(press, seq=2)

    await expect(power(page)).to_be_checked()
    await expect(power(page)).to_have_attribute("data-wish", "")
    await power(page).click()
    second = await bridge.next("press", lambda frame: frame["key"] != press["key"])
    assert second["set"] == {"state": "OFF"}
    assert {frame["key"] for frame in bridge.presses()} == {press["key"], second["key"]}


async def test_switch_shows_the_wish_until_the_light_is_shown_as_it_is(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    """The word comes before the picture: between them the switch is still half lit, and a tap means the contrary."""
    page = await open_page(context)
    await power(page).click()
    press = await bridge.next("press")
    bridge.tell(press, "applied", version=[1, 2])
    await expect(kitchen(page)).to_contain_text("Done in")
    await expect(power(page)).to_have_attribute("data-wish", "ON")

    await power(page).click()

    second = await bridge.next("press", lambda frame: frame["key"] != press["key"])
    assert second["set"] == {"state": "OFF"}
    assert second["if_ver"] == [1, 2]


async def test_tap_that_began_before_the_light_changed_is_for_what_it_saw(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await open_page(context)
    await power(page).click()
    press = await bridge.next("press")
    await power(page).hover()
    await page.mouse.down()
    bridge.apply(press, seq=2)
    await expect(power(page)).to_be_checked()
    await page.mouse.up()

    await power(page).click()

    second = await bridge.next("press", lambda frame: frame["key"] != press["key"])
    assert second["set"] == {"state": "OFF"}
    assert len({frame["key"] for frame in bridge.presses()}) == 2


@pytest.mark.parametrize(("status", "reason"), [("offline", "light_offline"), ("unconfirmed", None)])
async def test_wish_is_gone_from_the_switch_once_it_cannot_come_true(
    context: BrowserContext, bridge: FakeBridge, status: str, reason: str | None
) -> None:
    page = await open_page(context)
    await power(page).click()
    press = await bridge.next("press")
    bridge.tell(press, status, reason=reason)
    await expect(power(page)).to_have_attribute("data-wish", "")

    await power(page).click()

    again = await bridge.next("press", lambda frame: frame["key"] != press["key"])
    assert again["set"] == {"state": "ON"}


async def test_switch_turns_off_a_light_whose_slider_is_on_its_way(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.lights = [view(state="ON", brightness=255)]
    page = await open_page(context)
    await slider(page).fill("40")
    dimmed = await bridge.next("press")

    await power(page).click()

    press = await bridge.next("press", lambda frame: frame["key"] != dimmed["key"])
    assert press["set"] == {"state": "OFF"}
    assert "if_ver" not in press


async def test_older_press_has_no_say_once_a_newer_one_is_made(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await open_page(context)
    await power(page).click()
    first = await bridge.next("press", lambda frame: frame["key"].endswith("-1"))
    await slider(page).fill("50")
    second = await bridge.next("press", lambda frame: frame["key"].endswith("-2"))

    bridge.apply(second, seq=2)
    bridge.tell(first, "refused", reason="superseded")
    bridge.send({"type": "light", "light": view(seq=3, state="ON")})

    await expect(kitchen(page).locator(".state")).to_have_text("On, 100%")
    await expect(kitchen(page)).to_contain_text("Changed elsewhere.")
