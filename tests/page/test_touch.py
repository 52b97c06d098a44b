"""What a touch on a slider means, and real fingers on the page."""

import math
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, CDPSession, Locator, Page, expect

from tests.page.conftest import NewPhone
from tests.page.fake_bridge import LINK, FakeBridge, view

HELD = """(level) => {
    const touch = { pointerType: 'touch', isPrimary: true, clientY: 9 };
    const finger = (name, clientX) => new PointerEvent(name, { ...touch, clientX });
    level.dispatchEvent(finger('pointerdown', 9));
    level.value = 40;
    level.dispatchEvent(new Event('input'));
    level.dispatchEvent(finger('pointermove', 90));
}"""

RUN = """async (events) => {
    const { Touch } = await import('/touch.js');
    const touch = new Touch();
    return events.map((event) => touch.onEvent(event).map((each) => each.value ?? each.do));
}"""

Event = dict[str, object]
DOWN: Event = {"type": "down", "x": 100, "y": 100}
SOON: Event = {"type": "soon", "at": 5}
UP: Event = {"type": "up", "at": 7}
SECOND: Event = {"type": "second"}
CANCEL: Event = {"type": "cancel"}
LIFTED: Event = {"type": "lifted"}


def to(x: int, y: int = 100) -> Event:
    return {"type": "move", "x": x, "y": y}


def moved(value: int) -> Event:
    return {"type": "moved", "value": value, "at": 3}


async def run(modules: Page, *events: Event) -> list[Any]:
    """What each event led to: the values that were meant, and `back`."""
    return list(await modules.evaluate(RUN, list(events)))


@pytest.mark.parametrize(
    ("events", "meant"),
    [
        ([moved(40)], [[40]]),
        ([DOWN, moved(40), UP], [[], ["back"], [40]]),
        ([DOWN, moved(40), to(108), UP], [[], ["back"], [], [40]]),
        ([DOWN, moved(40), to(109), SOON, UP], [[], ["back"], ["soon"], [40], []]),
        ([DOWN, moved(40), to(109), UP, SOON], [[], ["back"], ["soon"], [40], []]),
        ([DOWN, moved(40), to(109), moved(42), SOON, UP], [[], ["back"], ["soon"], [42], [], []]),
        ([DOWN, moved(40), to(91), CANCEL, SOON, moved(9), UP], [[], ["back"], ["soon"], ["back"], [], ["back"], []]),
        ([DOWN, moved(40), to(109, 110), UP, moved(41)], [[], ["back"], ["back"], [], ["back"]]),
        ([DOWN, moved(40), to(100, 91), to(150), UP, LIFTED], [[], ["back"], ["back"], [], [], []]),
        ([DOWN, moved(40), SECOND, to(200), UP], [[], ["back"], ["back"], [], []]),
        ([DOWN, moved(40), to(109), SECOND, moved(41), UP], [[], ["back"], ["soon"], [], [41], []]),
        ([SECOND, moved(40)], [[], [40]]),
        ([DOWN, moved(40), CANCEL, moved(41), UP, moved(42)], [[], ["back"], ["back"], ["back"], [], ["back"]]),
        ([DOWN, moved(40), DOWN, to(200), UP], [[], ["back"], ["back"], [], []]),
        ([DOWN, moved(40), to(109), DOWN, moved(41), UP], [[], ["back"], ["soon"], [], [41], []]),
        ([DOWN, moved(40), CANCEL, LIFTED, moved(50)], [[], ["back"], ["back"], [], [50]]),
        ([DOWN, moved(40), CANCEL, DOWN, moved(50), UP], [[], ["back"], ["back"], [], ["back"], [50]]),
        ([DOWN, UP, moved(50)], [[], [], [50]]),
        ([UP, CANCEL, to(200), SOON, LIFTED], [[], [], [], [], []]),
    ],
)
async def test_touch_means_what_it_moved_sideways_or_was_lifted_on(
    modules: Page, events: list[Event], meant: list[list[object]]
) -> None:
    assert await run(modules, *events) == meant


async def test_touch_refuses_an_event_that_it_does_not_know(modules: Page) -> None:
    with pytest.raises(Exception, match="a touch knows no event surprise"):
        await run(modules, {"type": "surprise"})


class Finger(NamedTuple):
    """A finger on a page, as Chromium hears it from a screen."""

    page: Page
    wire: CDPSession

    async def touch(self, kind: str, *points: tuple[float, float]) -> None:
        await self.wire.send("Input.dispatchTouchEvent", {
            "type": kind, "touchPoints": [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)],
        })  # fmt: skip

    async def swipe(self, start: tuple[float, float], degrees: float, length: float = 160) -> None:
        """Move from `start` upwards (90°), sideways (0°) or between them, and lift."""
        x, y = start
        aside, up = length * math.cos(math.radians(degrees)), length * math.sin(math.radians(degrees))
        await self.touch("touchStart", start)
        for step in range(1, 11):
            await self.touch("touchMove", (x + aside * step / 10, y - up * step / 10))
        await self.touch("touchEnd")

    async def gesture(self, start: tuple[float, float], distance: float) -> None:
        """Scroll as Chromium's own synthetic finger does."""
        x, y = start
        await self.wire.send("Input.synthesizeScrollGesture", {
            "x": x, "y": y, "yDistance": distance, "gestureSourceType": "touch", "preventFling": True,
        })  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def touched(new_phone: NewPhone) -> BrowserContext:
    return await new_phone(has_touch=True, is_mobile=True)


@pytest_asyncio.fixture(loop_scope="session")
async def played(touched: BrowserContext) -> FakeBridge:
    bridge = await FakeBridge.behind(touched)
    bridge.lights = [view(f"light-{n}", state="ON", brightness=128) for n in range(8)]
    return bridge


@pytest_asyncio.fixture(loop_scope="session")
async def finger(touched: BrowserContext, played: FakeBridge) -> AsyncIterator[Finger]:
    page = await touched.new_page()
    await page.goto(LINK)
    await expect(page.get_by_role("switch")).to_have_count(len(played.lights))
    yield Finger(page, await touched.new_cdp_session(page))


async def middle(place: Locator) -> tuple[float, float]:
    await place.scroll_into_view_if_needed()
    box = await place.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def scrolled(page: Page, where: float) -> None:
    await page.wait_for_function("(where) => Math.abs(scrollY - where) > 20", arg=where)


async def presses_once(finger: Finger, played: FakeBridge) -> dict[str, Any]:
    """The only press of this page: the last switch, by a key, as a tap would only stop a page that still rolls."""
    await finger.page.get_by_role("switch", name="Light 7").press("Space")
    await played.next("press", lambda frame: frame["light"] == "light-7")
    assert {press["light"] for press in played.presses()} == {"light-7"}
    return played.presses()[0]


PLACES = {"slider": "input[type=range]", "switch": ".power", "card": ".light", "lamp": ".lamp", "words": ".press"}


@pytest.mark.parametrize(
    ("place", "degrees"),
    [("slider", degrees) for degrees in (90, -120, 50)]
    + [(place, 90) for place in PLACES if place != "slider"]
    + [pytest.param("slider", degrees, marks=pytest.mark.nightly) for degrees in (-90, 75, 105, 60)]
    + [pytest.param(place, 60, marks=pytest.mark.nightly) for place in PLACES if place != "slider"],
)
async def test_swipe_that_scrolls_presses_nothing(
    finger: Finger, played: FakeBridge, place: str, degrees: float
) -> None:
    page = finger.page
    await page.evaluate("scrollTo(0, 300)")
    start = await middle(page.locator(PLACES[place]).nth(3))
    where = await page.evaluate("scrollY")

    await finger.swipe(start, degrees)

    await scrolled(page, where)
    await expect(page.get_by_role("slider", name="Brightness of Light 3")).to_have_value("50")
    await presses_once(finger, played)


@pytest.mark.parametrize("place", PLACES)
async def test_scroll_gesture_presses_nothing(finger: Finger, played: FakeBridge, place: str) -> None:
    """Chromium without a screen scrolls nothing here: such a finger is not taken away, it only moves and is lifted."""
    await finger.page.evaluate("scrollTo(0, 300)")

    await finger.gesture(await middle(finger.page.locator(PLACES[place]).nth(3)), -200)

    await presses_once(finger, played)


@pytest.mark.parametrize("apart", [4, 150])
async def test_pinch_that_starts_on_a_slider_presses_nothing(finger: Finger, played: FakeBridge, apart: int) -> None:
    x, y = await middle(finger.page.get_by_role("slider").first)

    await finger.touch("touchStart", (x, y))
    await finger.touch("touchStart", (x, y), (x, y + apart))
    for step in range(1, 11):
        await finger.touch("touchMove", (x - 8 * step, y), (x + 8 * step, y + apart))
    await finger.touch("touchEnd")

    await presses_once(finger, played)


async def test_tap_on_the_track_sets_the_brightness(finger: Finger, played: FakeBridge) -> None:
    slider = finger.page.get_by_role("slider").first
    box = await slider.bounding_box()
    assert box

    await finger.touch("touchStart", (box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2))
    await expect(slider).to_have_value("50")
    await finger.touch("touchEnd")

    brightness = (await played.next("press"))["set"]["brightness"]
    assert 51 < brightness < 77


async def test_drag_sets_the_brightness_on_its_way(finger: Finger, played: FakeBridge) -> None:
    slider = finger.page.get_by_role("slider").first
    x, y = await middle(slider)

    await finger.touch("touchStart", (x, y))
    await finger.touch("touchMove", (x - 40, y + 4))
    first = await played.next("press")
    await finger.touch("touchMove", (x - 80, y + 30))
    await finger.touch("touchEnd")
    played.apply(first, seq=2)
    last = await played.next("press", after=played.frames.index(first) + 1)
    played.apply(last, seq=3)

    assert 0 < last["set"]["brightness"] < first["set"]["brightness"] < 128
    await expect(slider).to_have_value(str(round(last["set"]["brightness"] * 100 / 255)))


async def test_keys_work_after_a_swipe_that_scrolled(finger: Finger, played: FakeBridge) -> None:
    slider = finger.page.get_by_role("slider").first
    await finger.swipe(await middle(slider), 90)
    await scrolled(finger.page, 0)

    await slider.press("ArrowRight")

    assert (await played.next("press"))["set"] == {"state": "ON", "brightness": 130}
    assert len(played.presses()) == 1


async def listeners(page: Page) -> int:
    """How many listen to the whole page."""
    session = await page.context.new_cdp_session(page)
    document = (await session.send("Runtime.evaluate", {"expression": "document"}))["result"]
    found = await session.send("DOMDebugger.getEventListeners", {"objectId": document["objectId"]})
    await session.detach()
    return len(found["listeners"])


async def test_light_that_is_taken_away_leaves_no_listener_behind(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    slider = page.get_by_role("slider")
    await expect(slider).to_have_count(1)
    before = await listeners(page)

    for _ in range(3):
        bridge.send({"type": "gone", "light": "kitchen"})
        await expect(slider).to_have_count(0)
        bridge.send({"type": "light", "light": view()})
        await expect(slider).to_have_count(1)

    assert await listeners(page) == before


@pytest.mark.parametrize("returns", [False, True])
async def test_finger_on_a_light_that_is_taken_away_presses_nothing(
    context: BrowserContext, bridge: FakeBridge, complaints: list[str], returns: bool
) -> None:
    page = await context.new_page()
    await page.clock.install()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    await page.clock.pause_at(await page.evaluate("Date.now() / 1000 + 1"))
    slider = page.get_by_role("slider")
    held = await slider.element_handle()
    assert held is not None
    await held.evaluate(HELD)

    bridge.send({"type": "gone", "light": "kitchen"})
    await expect(slider).to_have_count(0)
    if returns:
        bridge.send({"type": "light", "light": view()})
        await expect(slider).to_have_count(1)
    await page.clock.run_for(10)
    await held.evaluate("(level) => level.dispatchEvent(new Event('input'))")
    await held.evaluate("(level) => level.closest('[role=listitem], li').querySelector('[role=switch]').click()")
    bridge.send({"type": "ping", "n": 7})
    await bridge.next("pong", lambda frame: frame["n"] == 7)

    assert complaints == []
    assert bridge.presses() == []


async def test_finger_that_drags_presses_once_its_move_was_heard_whole(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    """The same fingers as above, where the light stays."""
    page = await context.new_page()
    await page.goto(LINK)
    held = await page.get_by_role("slider").element_handle()
    assert held is not None
    await held.evaluate(HELD)

    assert (await bridge.next("press"))["set"] == {"state": "ON", "brightness": 102}
