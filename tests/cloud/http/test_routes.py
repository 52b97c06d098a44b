"""The bridge over HTTP, as any client meets it. Each answer is checked against the OpenAPI document."""

import asyncio
from typing import Any

import httpx
import pytest

from presslight.cloud.errors import StoreUnavailable
from presslight.cloud.store.store import OnStored
from presslight.cloud.store.tokens import issue_token
from presslight.contract.words import PressStatus
from tests.cloud.conftest import House
from tests.cloud.held_client import ON, HeldClient
from tests.cloud.ports import key
from tests.cloud.raw_phone import WAIT_S
from tests.cloud.store_harness import StoreHarness, record

KITCHEN = "/api/lights/kitchen/presses"


@pytest.fixture
def client(house: House) -> HeldClient:
    return HeldClient(house)


async def test_press_that_waits_gets_its_last_word(house: House, client: HeldClient) -> None:
    light = await house.light()
    answer = await client.press({"state": "ON", "brightness": 9}, Prefer="wait=10")
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=10"
    assert answer.headers["Cache-Control"] == "no-store"
    said = answer.json()
    assert (said["key"], said["status"], said["final"], said["version"]) == (key(), "applied", True, [1, 1])
    assert light.model.brightness == 9


async def test_press_that_does_not_wait_is_accepted_and_can_be_asked_for(house: House, client: HeldClient) -> None:
    light = await house.light()
    light.deaf = True
    answer = await client.press()
    assert (answer.status_code, answer.json()["status"], answer.headers["Location"]) == (
        202,
        "accepted",
        f"/api/presses/{key()}",
    )
    assert "Preference-Applied" not in answer.headers
    light.deaf = False
    duplicate = await client.press(Prefer="wait=10")
    assert (duplicate.status_code, duplicate.json()["status"]) == (200, "applied")
    assert (await client.status(key())).json() == duplicate.json()
    assert (await client.press()).json() == duplicate.json()
    assert len(light.model.acted) == 1


@pytest.mark.parametrize("fails", [False, True])
async def test_word_is_not_told_before_it_is_on_the_disk(
    house: House, client: HeldClient, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """Another bridge may have stored it just now; after a power cut nobody would know of it, and it could act."""
    waiting: list[OnStored] = []
    other = StoreHarness(house.bridge.settings.store)
    other.store.admit(record()._replace(status=PressStatus.OFFLINE))
    other.store.shut()
    monkeypatch.setattr(house.bridge.store, "sync", waiting.append)
    asking = asyncio.create_task(client.status(key()))
    await house.until(lambda: bool(waiting))
    assert not asking.done()
    waiting[0](0, StoreUnavailable("the disk failed") if fails else None)
    answer = await asking
    assert (answer.status_code, answer.json().get("status")) == ((503, None) if fails else (200, "offline"))


async def test_wait_ends_with_the_present_word(house: House, client: HeldClient) -> None:
    light = await house.light()
    light.deaf = True
    answer = await client.press(Prefer="respond-async, wait=0")
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=0")
    assert house.bridge.presses._open.listeners(key()) == []


async def test_wait_ends_when_the_bridge_ends(house: House, client: HeldClient) -> None:
    light = await house.light()
    light.deaf = True
    waiting = asyncio.create_task(client.press({"state": "ON", "patience_ms": 10_000}, Prefer="wait=10"))
    await light.hears(1)
    await house.server.__aexit__(None, None, None)
    async with asyncio.timeout(WAIT_S):
        assert (await waiting).json()["status"] == "accepted"


async def test_any_text_is_a_key(house: House, client: HeldClient) -> None:
    light = await house.light()
    text = "8e03978e-40d5-43e8-bc93-6894a57f9324"
    first = await client.press(key=text, Prefer="wait=10")
    second = await client.press(key=text, Prefer="wait=10")
    assert (first.status_code, first.json()) == (200, second.json())
    assert len(light.model.acted) == 1
    assert (await client.press({"state": "OFF"}, key=text)).json()["code"] == "key_reused"
    assert (await client.status(first.json()["key"])).json()["status"] == "applied"


async def test_press_with_everything_in_it(house: House, client: HeldClient) -> None:
    light = await house.light()
    moment = {"boot": light.model.boot, "up": light.up() + 5_000}
    body = {"state": "ON", "brightness": 1, "if_ver": [1, 5], "not_after": moment, "patience_ms": 300}
    said = (await client.press(body, Prefer="wait=10")).json()
    assert (said["status"], said["reason"]) == ("refused", "precondition")
    said = (await client.press(body | {"if_ver": [1, 0]}, key=key(2), Prefer="wait=10")).json()
    assert said["status"] == "applied"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"", 400, "malformed"),
        (b"\xff", 400, "malformed"),
        (b"[]", 422, "invalid"),
        ({}, 422, "invalid"),
        ({"state": "TOGGLE"}, 422, "invalid"),
        ({"state": "ON", "brightness": 0}, 422, "invalid"),
        ({"state": "ON", "brightness": "9"}, 422, "invalid"),
        ({"state": "ON", "color": "red"}, 422, "invalid"),
        ({"state": "ON", "patience_ms": 60_000}, 422, "invalid"),
        ({"state": "ON", "not_after": {"boot": "x", "up": 1}}, 422, "invalid"),
        (b'{"state":"ON"' + b" " * 20_000 + b"}", 413, "too_large"),
    ],
)
async def test_bad_body_is_answered_with_its_code(
    house: House, client: HeldClient, body: Any, status: int, code: str
) -> None:
    light = await house.light()
    answer = await client.press(body)
    assert (answer.status_code, answer.json()["code"], answer.json()["retry"]) == (status, code, False)
    assert await house.metric("presslight_errors_total", code=code) == 1
    assert light.heard == []


@pytest.mark.parametrize("missing", [None, "", "short", "x" * 200])
async def test_press_without_a_usable_key_is_refused(house: House, client: HeldClient, missing: str | None) -> None:
    await house.light()
    answer = await client.press(key=missing)
    assert (answer.status_code, answer.json()["code"]) == (400, "key_missing")


@pytest.mark.parametrize("light", ["cellar", "UPPER", "bridge", "..", "x" * 100])
async def test_unknown_light_is_not_found(house: House, client: HeldClient, light: str) -> None:
    await house.light()
    answer = await client.press(light=light.replace(".", "%2E"))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_light")


@pytest.mark.parametrize("header", [None, "Bearer x", "Basic YTpi", "Bearer"])
@pytest.mark.parametrize("path", ["/api/lights", f"/api/presses/{key()}"])
async def test_stranger_is_unauthenticated(house: House, path: str, header: str | None) -> None:
    async with httpx.AsyncClient(base_url=house.server.url) as stranger:
        answer = await stranger.get(path, headers={"Authorization": header} if header else {})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_stranger_may_not_press(house: House) -> None:
    light = await house.light()
    async with httpx.AsyncClient(base_url=house.server.url) as stranger:
        answer = await stranger.post(KITCHEN, json=ON, headers={"Idempotency-Key": key()})
    assert answer.status_code == 401
    assert light.heard == []


async def test_press_of_another_phone_is_not_told_of(house: House, client: HeldClient) -> None:
    await house.light()
    await client.press(Prefer="wait=10")
    bob = {"Authorization": f"Bearer {issue_token(house.bridge.settings.store, 'bob')}"}
    answer = await client("GET", f"/api/presses/{key()}", "/api/presses/{key}", headers=bob)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_press")
    stolen = await client.press(**bob)
    assert (stolen.status_code, stolen.json()["code"]) == (403, "forbidden")
    assert (await client.status("nonsense")).status_code == 404


async def test_same_key_over_both_ways_is_one_press(house: House, client: HeldClient) -> None:
    light = await house.light()
    phone = await house.phone()
    await phone.press()
    await phone.until("outcome", final=True)
    assert (await client.press()).json()["status"] == "applied"
    assert len(light.model.acted) == 1


async def test_rate_is_limited_for_a_phone_over_both_ways(closed_house: House) -> None:
    await closed_house.open(press_rate=0.01, press_burst=2)
    await closed_house.light()
    client = HeldClient(closed_house)
    phone = await closed_house.phone()
    await phone.press(1)
    await phone.until("outcome", final=True)
    assert (await client.press(key=key(2))).status_code in (200, 202)
    answer = await client.press(key=key(3))
    assert (answer.status_code, answer.json()["code"], answer.json()["retry"]) == (429, "rate_limited", True)
    assert answer.headers["Retry-After"] == "1"
    assert (await client.status(key(3))).status_code == 404


async def test_offline_light_is_a_last_word(house: House, client: HeldClient) -> None:
    light = await house.light()
    await light.available("offline")
    await house.until(lambda: not house.is_online())
    answer = await client.press()
    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (200, "offline", "light_offline")


async def test_lights_are_listed_as_they_are(house: House, client: HeldClient) -> None:
    light = await house.light()
    await light.press_button("ON")
    await house.until(lambda: house.bridge.presses.lights.by_name["kitchen"].report.state == "ON")
    answer = (await client("GET", "/api/lights")).json()
    assert answer["broker"] is True
    (view,) = answer["lights"]
    assert (view["id"], view["online"], view["state"], view["version"]) == ("kitchen", True, "ON", [1, 1])


async def test_head_says_what_get_would_without_the_body(house: House) -> None:
    await house.light()
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/api/lights", "/", "/index.html"):
        asked, got = await house.http.head(path), await house.http.get(path)
        assert (asked.status_code, asked.content) == (200, b""), path
        assert asked.headers["content-type"] == got.headers["content-type"]
    for path in ("/nothing", "/api/lights/kitchen/presses", "/ws"):
        asked, got = await house.http.head(path), await house.http.get(path)
        assert (asked.status_code, asked.content) == (got.status_code, b""), path


async def test_no_answer_may_be_taken_for_something_else(house: House) -> None:
    for method, path in [
        ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/openapi.json"), ("GET", "/api/lights"),
        ("GET", "/"), ("GET", "/index.html"), ("GET", "/nothing"), ("POST", KITCHEN), ("PUT", KITCHEN), ("GET", "/ws"),
        ("GET", f"/api/presses/{key()}"), ("POST", "/"),
    ]:  # fmt: skip
        answer = await house.http.request(method, path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
