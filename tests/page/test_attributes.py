"""Wishes as the page judges them."""

from typing import Any

import pytest
from playwright.async_api import Page


async def call(modules: Page, name: str, *given: object) -> Any:
    run = "async ({ name, given }) => (await import('/attributes.js'))[name](...given)"
    return await modules.evaluate(run, {"name": name, "given": list(given)})


@pytest.mark.parametrize(
    "wish", [{"state": "OFF"}, {"state": "ON", "brightness": 1}, {"state": "ON", "brightness": 255}]
)
async def test_wish_is_read_whole(modules: Page, wish: dict[str, Any]) -> None:
    assert await call(modules, "readWish", wish) == wish


@pytest.mark.parametrize(
    "text",
    [
        None,
        "ON",
        [],
        {},
        {"brightness": 1},
        {"state": "on"},
        {"state": None},
        {"state": "ON", "brightness": 0},
        {"state": "ON", "brightness": 256},
        {"state": "ON", "brightness": 1.5},
        {"state": "ON", "brightness": "1"},
        {"state": "ON", "brightness": None},
        {"state": "ON", "color": 1},
        {"state": "ON", "constructor": 1},
    ],
    ids=str,
)
async def test_wish_that_no_bridge_takes_is_none(modules: Page, text: Any) -> None:
    assert await call(modules, "readWish", text) is None


async def test_wishes_are_the_same_where_every_attribute_is(modules: Page) -> None:
    one = {"state": "ON", "brightness": 1}
    assert await call(modules, "isSame", one, {"brightness": 1, "state": "ON"})
    assert not await call(modules, "isSame", one, {"state": "ON"})
    assert not await call(modules, "isSame", one, {"state": "ON", "brightness": 2})
