from typing import Any

import pytest
from playwright.async_api import Page

from presslight.contract.errors import MEANINGS
from presslight.contract.words import PressStatus, Reason
from tests.page.fake_bridge import view

ON = {"state": "ON"}


async def call(modules: Page, name: str, *given: object) -> Any:
    run = "async ({ name, given }) => (await import('/words.js'))[name](...given)"
    return await modules.evaluate(run, {"name": name, "given": list(given)})


@pytest.mark.parametrize(
    ("light", "name"),
    [("living-room", "Living room"), ("kitchen", "Kitchen"), ("tv_2-left", "Tv 2 left"), ("0--_", "0")],
)
async def test_name_reads_like_a_room(modules: Page, light: str, name: str) -> None:
    assert await call(modules, "nameOf", light) == name


@pytest.mark.parametrize(
    ("phone", "told"),
    [
        ("a" * 40, "a" * 40),
        ("a" * 41, "a" * 39 + "…"),
        ("🐱" * 64, "\u2068" + "🐱" * 39 + "…\u2069"),
        ("a" * 38 + "🐱🐱🐱", "\u2068" + "a" * 38 + "🐱…\u2069"),
        ("\u05d0\u05d3\u05d4", "\u2068\u05d0\u05d3\u05d4\u2069"),
        ("Adas Gerät", "Adas Gerät"),
    ],
    ids=["short", "long", "emoji", "emoji at the cut", "Hebrew", "Latin"],
)
async def test_phone_is_named_in_whole_letters_that_turn_nothing_around_it(
    modules: Page, phone: str, told: str
) -> None:
    change = {"by": "phone", "phone": phone, "age_ms": 180_000}
    assert await call(modules, "changeOf", change, False) == f"Set by {told}, 3 min ago"


@pytest.mark.parametrize(("brightness", "percent"), [(1, 1), (2, 1), (128, 50), (254, 100), (255, 100)])
async def test_brightness_is_told_in_percent(modules: Page, brightness: int, percent: int) -> None:
    assert await call(modules, "percent", brightness) == percent


async def test_every_percent_is_a_brightness_of_its_own_that_reads_the_same(modules: Page) -> None:
    pairs = await modules.evaluate("""async () => {
        const { percent, fromPercent } = await import('/words.js');
        return Array.from({ length: 100 }, (_, n) => [n + 1, fromPercent(n + 1), percent(fromPercent(n + 1))]);
    }""")

    assert all(shown == back and 1 <= brightness <= 255 for shown, brightness, back in pairs)
    assert len({brightness for _, brightness, _ in pairs}) == 100


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (0, "just now"),
        (9_999, "just now"),
        (25_000, "20 s ago"),
        (300_000, "5 min ago"),
        (7_300_000, "2 h ago"),
        (260_000_000, "3 d ago"),
    ],
)
async def test_age_is_told_roughly(modules: Page, age: int, words: str) -> None:
    assert await call(modules, "ago", age) == words


async def test_presence_says_since_when_nothing_is_known(modules: Page) -> None:
    assert await call(modules, "presenceOf", view(), None) == "Online"
    assert await call(modules, "presenceOf", view(), 300_000) == "As of 5 min ago"
    assert await call(modules, "presenceOf", view(online=False), 300_000) == "Offline, heard 5 min ago"


async def test_state_names_a_brightness_only_where_the_light_has_one(modules: Page) -> None:
    assert await call(modules, "stateOf", view()) == "Off"
    assert await call(modules, "stateOf", view(state="ON", brightness=128)) == "On, 50%"
    assert await call(modules, "stateOf", view(state="ON", traits=["on_off"])) == "On"


@pytest.mark.parametrize("reason", [reason.value for reason in Reason])
async def test_every_reason_has_words_of_its_own(modules: Page, reason: str) -> None:
    status = "offline" if reason in {"light_offline", "broker_away"} else "refused"
    told = await call(modules, "pressOf", status, reason, ON)
    vague = await call(modules, "pressOf", status, "unheard-of", ON)

    assert told["tone"] == "not"
    assert told["text"].startswith("Did not happen: ")
    assert told["text"] != vague["text"]


@pytest.mark.parametrize("status", [status.value for status in PressStatus])
async def test_only_words_that_say_so_claim_that_it_did_not_happen(modules: Page, status: str) -> None:
    told = await call(modules, "pressOf", status, None, ON)

    assert told["text"].startswith("Did not happen") == (status in {"refused", "offline", "not_applied"})
    assert (told["tone"] == "done") == (status == "applied")


@pytest.mark.parametrize("code", [code.value for code, meaning in MEANINGS.items()])
async def test_rejected_press_is_never_told_without_a_cause(modules: Page, code: str) -> None:
    told = await call(modules, "pressOf", "rejected", code, ON)

    assert told["text"].startswith("Did not happen: the bridge") or told["text"].endswith(".")
    assert "undefined" not in told["text"]


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"state": "ON"}, "Turning on…"),
        ({"state": "OFF"}, "Turning off…"),
        ({"state": "ON", "brightness": 102}, "Setting to 40%…"),
    ],
)
async def test_wish_is_told_as_a_wish(modules: Page, wish: dict[str, Any], text: str) -> None:
    assert await call(modules, "pressOf", "pending", None, wish) == {"text": text, "tone": "wish"}
