"""What the browser keeps for the page: where it is full, forbidden, damaged, or written by somebody else."""

import asyncio
import json
import random
import time
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from presslight.contract.phone import Press
from tests.page.fake_bridge import LINK, SITE, FakeBridge

KEY = "0123456789abcdef-1"
ASKED: dict[str, Any] = {
    "key": KEY,
    "light": "kitchen",
    "set": {"state": "ON", "brightness": 12},
    "if_ver": [1, 1],
    "not_after": {"boot": "00000001", "up": 62_000},
}
FILL = """(names) => {
    for (const name of names) {
        const room = window[name];
        for (let size = 2 ** 20; size >= 1; size = Math.floor(size / 2)) {
            for (let n = 0; ; n += 1) {
                try { room.setItem(`filler.${size}.${n}`, 'x'.repeat(size)); } catch { break; }
            }
        }
    }
}"""


async def fill(page: Page, *names: str) -> None:
    """Leave no byte of room."""
    await page.evaluate(FILL, list(names or ("localStorage",)))


async def press_and_done(page: Page, bridge: FakeBridge) -> None:
    await page.get_by_role("switch", name="Kitchen").click()
    async with asyncio.timeout(10):
        bridge.apply(await bridge.next("press"), seq=2)
    await expect(page.get_by_role("listitem", name="Kitchen")).to_contain_text("Done in")


@pytest.mark.parametrize("full", [("localStorage",), ("localStorage", "sessionStorage")], ids=len)
async def test_press_leaves_where_the_storage_is_full(
    context: BrowserContext, bridge: FakeBridge, complaints: list[str], full: tuple[str, ...]
) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.get_by_role("switch")).to_be_visible()
    await fill(page, *full)

    await press_and_done(page, bridge)

    assert complaints == []


async def test_reload_while_the_storage_is_full_stays_signed_in(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.locator("#link")).to_have_text("Live")
    await fill(page)

    await page.reload()

    await expect(page.locator("#link")).to_have_text("Live")
    await press_and_done(page, bridge)


async def test_sign_in_while_the_storage_is_full_outlives_a_reload(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.goto(f"{SITE}blank")
    await page.evaluate("localStorage.setItem('presslight.token', 'older')")
    await fill(page)

    for address in (LINK, SITE):
        await page.goto(address)
        await expect(page.locator("#link")).to_have_text("Live")

    assert {frame["token"] for frame in bridge.frames if frame["type"] == "hello"} == {"good"}


async def test_press_kept_where_the_storage_is_full_is_asked_again_after_a_reload(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    page = await context.new_page()
    await page.goto(LINK)
    await expect(page.get_by_role("switch")).to_be_visible()
    await fill(page)
    await page.get_by_role("switch", name="Kitchen").click()
    press = await bridge.next("press")

    await page.reload()

    again = await bridge.next("press", after=bridge.frames.index(press) + 1)
    assert {**again, "age_ms": 0} == {**press, "age_ms": 0}


@pytest.mark.parametrize("gone", ["throw new DOMException('no', 'SecurityError')", "return null"])
async def test_page_works_where_the_browser_has_no_storage(
    context: BrowserContext, bridge: FakeBridge, gone: str
) -> None:
    page = await context.new_page()
    for name in ("localStorage", "sessionStorage"):
        await page.add_init_script(f"Object.defineProperty(window, '{name}', {{ get() {{ {gone}; }} }})")
    await page.goto(LINK)

    await press_and_done(page, bridge)


HOUSES = ("", "house1/", "house2/", "house1/house2/")


async def test_houses_below_one_origin_share_neither_token_nor_presses(
    context: BrowserContext, bridge: FakeBridge
) -> None:
    keys: dict[str, str] = {}
    for house in HOUSES:
        page = await context.new_page()
        await page.goto(SITE + house)
        await expect(page.get_by_role("textbox", name="Token")).to_be_focused()
        seen = len(bridge.frames)
        await page.goto(f"{SITE}{house}#token=of-{house}")
        await page.get_by_role("switch", name="Kitchen").click()
        keys[house] = (await bridge.next("press", after=seen))["key"]
        await page.close()

    for house in HOUSES:
        page = await context.new_page()
        seen = len(bridge.frames)
        await page.goto(f"{SITE}{house}index.html" if house else SITE)
        assert (await bridge.next("hello", after=seen))["token"] == f"of-{house}"
        assert (await bridge.next("press", after=seen))["key"] == keys[house]
        assert {frame["key"] for frame in bridge.frames[seen:] if frame["type"] == "press"} == {keys[house]}
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("textbox", name="Token")).to_be_focused()
        await page.close()

    page = await context.new_page()
    await page.goto(f"{SITE}blank")
    assert await page.evaluate("() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]") == []


def kept(asked: object, **more: object) -> str:
    return json.dumps({"asked": asked, "kept": time.time() * 1_000} | more)


def damaged(key: str) -> list[str]:
    """Texts that are no press of this key."""
    asked = {**ASKED, "key": key}
    return [
        '{"asked":',
        "",
        "null",
        "{}",
        "[]",
        "1e400",
        '"asked"',
        kept(None),
        kept("kitchen"),
        kept([asked]),
        kept({**asked, "set": None}),
        kept({**asked, "light": {"toString": 1}}),
        kept({**asked, "light": "../../metrics"}),
        kept({name: part for name, part in asked.items() if name != "not_after"}),
        kept({**asked, "not_after": {"boot": "00000001", "up": 1e300}}),
        kept({**asked, "key": "0123456789abcdef-2"}),
        json.dumps({"asked": asked}),
        kept(asked, kept=time.time() * 1_000 + 3e10),
        kept(asked, kept=[1, 2]),
    ]


async def test_damaged_presses_are_dropped_and_the_rest_lives(
    context: BrowserContext, bridge: FakeBridge, complaints: list[str]
) -> None:
    page = await context.new_page()
    await page.goto(f"{SITE}blank")
    spoilt = [f"{n:016x}-1" for n in range(len(damaged(KEY)))]
    stored = [(key, damaged(key)[n]) for n, key in enumerate(spoilt)]
    stored += [(KEY, kept(ASKED)), ("", kept(ASKED)), ("kitchen", "{}")]
    put = "(pairs) => pairs.forEach(([key, text]) => localStorage.setItem(`presslight.press.${key}`, text))"
    await page.evaluate(put, stored)

    await page.goto(LINK)

    assert (await bridge.next("press"))["key"] == KEY
    await page.get_by_role("switch", name="Kitchen").click()
    await bridge.next("press", lambda frame: frame["key"] != KEY)
    assert not {frame["key"] for frame in bridge.presses()} & set(spoilt)
    names = await page.evaluate("() => Object.keys(localStorage).filter((name) => name.includes('press.'))")
    assert len(names) == 2
    assert complaints == []


@pytest.mark.parametrize("token", ["", " ", "a b", "x" * 300, "tök\u2028en", "null\n"])
async def test_damaged_token_is_asked_for_again(context: BrowserContext, bridge: FakeBridge, token: str) -> None:
    page = await context.new_page()
    await page.goto(f"{SITE}blank")
    await page.evaluate("(token) => localStorage.setItem('presslight.token', token)", token)
    await page.goto(SITE)

    await expect(page.get_by_role("textbox", name="Token")).to_be_focused()
    assert bridge.sockets == 0


async def test_flood_of_stored_presses_is_not_all_asked(context: BrowserContext, bridge: FakeBridge) -> None:
    page = await context.new_page()
    await page.goto(f"{SITE}blank")
    pairs = [(f"presslight.press.{n:016x}-1", kept({**ASKED, "key": f"{n:016x}-1"})) for n in range(2_000)]
    await page.evaluate("(pairs) => pairs.forEach(([name, text]) => localStorage.setItem(name, text))", pairs)

    await page.goto(LINK)
    await page.get_by_role("switch", name="Kitchen").click()
    await bridge.next("press", lambda frame: int(frame["key"].split("-")[0], 16) >= 2_000)

    assert len({frame["key"] for frame in bridge.presses()}) <= 51


SPOILERS: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**30, 1e308, "", "ON", "0", [], [1], {}, {"state": "ON"}, "bridge", "__proto__"),
    *({"boot": "00000001", "up": -1}, [1, 2, 3], [1, "2"], KEY.upper(), "kitchen ", "ki\u0000tchen", [[1, 1]]),
)


def spoilt(dice: random.Random, value: Any) -> Any:
    """The value with one part of it, at some depth, replaced, taken away or repeated under another name."""
    if not isinstance(value, dict | list) or not value or dice.random() < 0.3:
        return dice.choice(SPOILERS)
    copy: Any = value.copy()
    at = dice.choice(list(copy)) if isinstance(copy, dict) else dice.randrange(len(copy))
    if isinstance(copy, dict) and dice.random() < 0.2:
        del copy[at]
    elif isinstance(copy, dict) and dice.random() < 0.2:
        copy[dice.choice(("extra", "__proto__", "toJSON", "constructor"))] = dice.choice(SPOILERS)
    else:
        copy[at] = spoilt(dice, copy[at])
    return copy


async def test_no_stored_text_makes_a_press_that_the_contract_does_not_know(modules: Page) -> None:
    dice = random.Random(1)
    whole = {"asked": ASKED, "kept": 1_000}
    texts = [json.dumps(spoilt(dice, whole)) for _ in range(3_000)]
    cut = [text[: dice.randrange(len(text))] for text in texts[:500]]
    run = """async ({ key, texts }) => {
        const { readPress } = await import('/stored.js');
        return texts.map((text) => JSON.stringify(readPress(key, text, 1_000)));
    }"""

    read = [json.loads(text) for text in await modules.evaluate(run, {"key": KEY, "texts": texts + cut})]

    taken = [asked for asked in read if asked is not None]
    for asked in taken:
        Press.model_validate_json(json.dumps({"type": "press", **asked}))
    assert 20 < len(taken) < len(read) / 2


@pytest.mark.parametrize("change", [{}, {"set": {"state": "OFF"}}, {"if_ver": None}])
async def test_stored_press_is_read_as_it_was_written(modules: Page, change: dict[str, Any]) -> None:
    run = """async (asked) => {
        const { pressText, readPress } = await import('/stored.js');
        return JSON.stringify(readPress(asked.key, pressText(asked, 5), 6));
    }"""
    asked = {name: part for name, part in (ASKED | change).items() if part is not None}

    assert json.loads(await modules.evaluate(run, asked)) == asked
