"""A light on the screen and the fingers on it, with the test as the bridge."""

import re
from typing import Any

import pytest
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


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Brightness of Kitchen")


async def test_press_is_a_wish_until_it_is_done(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await open_page(context)

    await power(page).click()
    press = await bridge.next("press")
    await expect(kitchen(page)).to_contain_text("Turning on…")
    await expect(kitchen(page).locator(".state")).to_have_text("Off")
    await expect(power(page)).to_have_attribute("aria-checked", "false")
    bridge.tell(press, "accepted")
    await expect(kitchen(page)).to_contain_text("Turning on…")

    bridge.apply(press, seq=2)
    await expect(kitchen(page)).to_contain_text("Done in")
    await expect(kitchen(page).locator(".state")).to_have_text("On, 100%")
    await expect(power(page)).to_have_attribute("aria-checked", "true")
    shown = await bridge.next("shown")
    assert shown["key"] == press["key"]


@pytest.mark.parametrize(
    ("status", "reason", "text"),
    [
        ("refused", "precondition", "somebody else was faster"),
        ("offline", "light_offline", "the light is offline"),
        ("offline", "broker_away", "the bridge cannot reach the lights"),
        ("not_applied", None, "Did not happen, and will not any more"),
        ("lost_in_reboot", None, "whether it acted is not known"),
        ("forgotten", None, "cannot be told any more"),
    ],
)
async def test_last_word_is_told_plainly_and_the_light_stays_as_it_is(
    context: BrowserContext, bridge: FakeBridge, status: str, reason: str | None, text: str
) -> None:
    page = await open_page(context)
    await power(page).click()

    bridge.tell(await bridge.next("press"), status, reason=reason)

    await expect(kitchen(page)).to_contain_text(text)
    await expect(page.locator("#news")).to_contain_text(text)
    await expect(kitchen(page).locator(".state")).to_have_text("Off")


async def test_unconfirmed_press_is_asked_again_until_it_has_its_last_word(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await power(page).click()
    press = await bridge.next("press")
    bridge.tell(press, "accepted")
    await expect(page.locator("#news")).to_have_text("")

    await page.clock.run_for(2_100)
    await expect(kitchen(page)).to_contain_text("Not confirmed yet")
    again = await bridge.next("press", after=bridge.frames.index(press) + 1)
    assert again["key"] == press["key"]
    assert again["not_after"] == press["not_after"]
    assert again["age_ms"] >= 2_000

    bridge.apply(press, seq=2)
    await expect(kitchen(page)).to_contain_text("Done in")


async def test_press_without_an_answer_takes_a_second_path_under_the_same_key(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await open_page(context)
    await power(page).click()
    press = await bridge.next("press")

    posted = await bridge.posted()

    assert posted["url"].endswith("/api/lights/kitchen/presses")
    assert posted["headers"]["idempotency-key"] == press["key"]
    assert posted["headers"]["authorization"] == "Bearer good"
    assert posted["body"] == press["set"] | {"if_ver": press["if_ver"], "not_after": press["not_after"]}
    await bridge.next("ping", lambda frame: frame["n"] > 1)  # and the socket is doubted


async def test_mistake_on_the_second_path_is_no_answer(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.post_problem = 500, {"type": "error", "code": "internal", "message": "a mistake", "retry": True}
    page = await open_page(context)
    await power(page).click()
    press = await bridge.next("press")
    await bridge.posted()
    bridge.tell(press, "not_applied")
    await expect(kitchen(page)).to_contain_text("Did not happen, and will not any more")


async def test_rate_limited_press_says_so_and_tries_again(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await open_page(context)
    await power(page).click()
    press = await bridge.next("press")

    bridge.send({"type": "error", "code": "rate_limited", "message": "slow", "retry": True, "key": press["key"]})
    await expect(kitchen(page)).to_contain_text("too many presses at once")
    again = await bridge.next("press", after=bridge.frames.index(press) + 1)
    bridge.apply(again, seq=2)

    await expect(kitchen(page)).to_contain_text("Done in")
    assert again["key"] == press["key"]


async def test_slider_sends_its_first_value_and_its_last(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.lights = [view(state="ON", brightness=255)]
    page = await open_page(context)

    for value in ("80", "60", "40", "20"):
        await slider(page).fill(value)
    first = await bridge.next("press")
    assert first["set"] == {"state": "ON", "brightness": 204}
    await expect(kitchen(page).locator(".state")).to_have_text("On, 100%")
    bridge.apply(first, seq=2)
    last = await bridge.next("press", after=bridge.frames.index(first) + 1)
    bridge.apply(last, seq=3)

    await expect(kitchen(page).locator(".state")).to_have_text("On, 20%")
    await expect(slider(page)).to_have_value("20")
    assert last["set"] == {"state": "ON", "brightness": 51}
    assert last["key"].endswith("-2")
    assert "if_ver" not in last
    assert len(bridge.presses()) == 2


async def test_slider_goes_back_to_the_light_as_it_is_when_its_wish_fails(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    bridge.lights = [view(state="ON", brightness=255)]
    page = await open_page(context)
    await slider(page).fill("30")

    bridge.tell(await bridge.next("press"), "offline", reason="light_offline")

    await expect(slider(page)).to_have_value("100")


async def test_light_changes_on_the_screen_whoever_changed_it(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await open_page(context)

    bridge.send({"type": "light", "light": view(seq=2, state="ON", brightness=128)})

    await expect(kitchen(page).locator(".state")).to_have_text("On, 50%")
    await expect(kitchen(page)).to_contain_text("Changed elsewhere.")
    await expect(page.locator("#news")).to_have_text("Kitchen changed elsewhere: On, 50%.")
    await expect(slider(page)).to_have_value("50")


async def test_older_change_is_not_shown(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.lights = [view(seq=5, state="ON"), view("hall")]
    page = await open_page(context)

    bridge.send({"type": "light", "light": view(seq=4, state="OFF")})
    bridge.send({"type": "light", "light": view("hall", seq=2, state="ON")})

    await expect(page.get_by_role("switch", name="Hall")).to_have_attribute("aria-checked", "true")
    await expect(power(page)).to_have_attribute("aria-checked", "true")


async def test_light_without_brightness_has_no_slider(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.lights = [view(traits=["on_off"], state="ON")]
    page = await open_page(context)

    await expect(kitchen(page).locator(".state")).to_have_text("On")
    await expect(page.get_by_role("slider")).to_have_count(0)


async def test_light_of_a_newer_firmware_is_shown_with_what_is_known_of_it(
    context: BrowserContext, bridge: FakeBridge, complaints: list[str]
) -> None:
    newer: dict[str, Any] = {"traits": ["brightness", "color"], "color": {"x": 0.32, "y": 0.34}}
    bridge.lights = [view(state="ON", brightness=128, change={"by": "schedule", "age_ms": 0}, **newer)]
    page = await open_page(context)

    await expect(kitchen(page).locator(".state")).to_have_text("On, 50%")
    await expect(slider(page)).to_have_value("50")
    assert complaints == []


async def test_offline_light_says_since_when(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.lights = [view(online=False, age_ms=310_000)]
    page = await open_page(context)

    await expect(kitchen(page)).to_contain_text("Offline, heard 5 min ago")


async def test_lights_stand_in_the_order_of_their_names(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.lights = [view("porch"), view("attic"), view("hall")]
    page = await open_page(context)
    bridge.send({"type": "light", "light": view("cellar")})

    await expect(page.get_by_role("heading", level=2)).to_have_text(
        ["Attic", "Cellar", "Hall", "Porch", "Press to light"]
    )


async def test_offline_light_is_not_shown_as_if_it_gave_light(context: BrowserContext, bridge: FakeBridge) -> None:
    bridge.lights = [view(state="ON", online=False, age_ms=310_000)]
    page = await open_page(context)

    await expect(kitchen(page).locator(".state")).to_have_text("Was on, 100%")
    await expect(power(page)).not_to_be_checked()
    await expect(power(page)).to_have_accessible_description(re.compile("^Offline, heard 5 min ago"))
    output = "(node) => getComputedStyle(node).getPropertyValue('--glow')"
    assert float(await kitchen(page).evaluate(output)) == 0
    assert await slider(page).evaluate("(node) => node.style.getPropertyValue('--is')") == "0%"

    await power(page).click()
    assert (await bridge.next("press"))["set"] == {"state": "ON"}
