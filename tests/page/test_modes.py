"""That on and off can be told apart by those who chose their own colours, or read from right to left."""

import base64

import pytest
from playwright.async_api import Page, expect

from tests.page.conftest import NewPhone
from tests.page.fake_bridge import LINK, FakeBridge, view

AVERAGE = """async (shot) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + shot;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(0, 0, image.width, image.height);
    const sum = [0, 0, 0];
    data.forEach((value, n) => n % 4 < 3 && (sum[n % 4] += value));
    return sum.map((value) => value / (data.length / 4));
}"""


async def colour(page: Page, canvas: Page, box: tuple[float, float, float, float]) -> list[float]:
    """The average of the pixels in (x, y, width, height)."""
    x, y, width, height = box
    shot = await page.screenshot(animations="disabled", clip={"x": x, "y": y, "width": width, "height": height})
    return list(await canvas.evaluate(AVERAGE, base64.b64encode(shot).decode()))


async def inside(page: Page, role: str, name: str, share: float, width: float = 6) -> tuple[float, float, float, float]:
    """A small square in the middle of a control's height, `share` of its width from its left."""
    box = await page.get_by_role(role, name=name, exact=True).bounding_box()  # type: ignore[arg-type]  # a role is one of many literals there
    assert box
    return box["x"] + share * box["width"] - width / 2, box["y"] + box["height"] / 2 - width / 2, width, width


def apart(one: list[float], other: list[float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_forced_colours_tell_on_from_off(new_phone: NewPhone, modules: Page, scheme: str) -> None:
    context = await new_phone(forced_colors="active", color_scheme=scheme)
    bridge = await FakeBridge.behind(context)
    bridge.lights = [view("hall", state="ON"), view("kitchen"), view("porch")]
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    await page.clock.pause_at(await page.evaluate("Date.now() / 1000 + 1"))  # no deadline ends the wish
    await page.get_by_role("switch", name="Porch").click()
    await expect(page.get_by_role("switch", name="Porch")).to_have_attribute("data-wish", "ON")
    borders = "(node) => getComputedStyle(node).borderStyle"

    switches = [await colour(page, modules, await inside(page, "switch", name, 0.25)) for name in ("Hall", "Kitchen")]
    tracks = [
        await colour(page, modules, await inside(page, "slider", f"Brightness of {name}", 0.3, 4))
        for name in ("Hall", "Kitchen")
    ]

    assert apart(*switches) > 60
    assert apart(*tracks) > 60
    assert await page.get_by_role("switch", name="Kitchen").evaluate(borders) == "solid"
    assert await page.get_by_role("switch", name="Porch").evaluate(borders) == "dashed"


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
async def test_slider_is_filled_from_where_the_language_begins(
    new_phone: NewPhone, modules: Page, direction: str
) -> None:
    context = await new_phone()
    bridge = await FakeBridge.behind(context)
    bridge.lights = [view("hall", state="ON", brightness=128), view("kitchen")]
    page = await context.new_page()
    await page.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ document.dir = '{direction}'; }})")
    await page.goto(LINK)
    await expect(page.get_by_role("switch")).to_have_count(2)
    name = "Brightness of Hall"

    left, right = [await colour(page, modules, await inside(page, "slider", name, share, 4)) for share in (0.25, 0.75)]

    amber, empty = (left, right) if direction == "ltr" else (right, left)
    assert amber[2] < 120 < empty[2]  # amber has little blue
    assert await page.evaluate("() => document.documentElement.scrollWidth") == 390
