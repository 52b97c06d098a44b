"""A right that is taken away is felt wherever a light is shown or pressed: WebSocket and HTTP, at once and later."""

import pytest

from presslight.cloud.core.principal import Principal
from presslight.cloud.store.tokens import issue_token
from tests.cloud.conftest import House
from tests.cloud.ports import key

GUEST = "guest"


@pytest.fixture
async def guest_house(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house with two lights, of which a guest may see and press the kitchen, and see the hall."""
    monkeypatch.setattr(Principal, "may_see", lambda self, light: self.name != GUEST or light in {"kitchen", "hall"})
    monkeypatch.setattr(Principal, "may_press", lambda self, light: self.name != GUEST or light == "kitchen")
    for name in ("kitchen", "hall", "study"):
        await house.light(name)
    return house


def guest_token(house: House) -> str:
    return issue_token(house.bridge.settings.store, GUEST)


async def test_guest_is_told_of_lights_that_they_may_see_at_the_start_and_later(guest_house: House) -> None:
    ann, guest = await guest_house.phone(), await guest_house.phone(guest_token(guest_house))
    assert {view["id"] for view in ann.welcome["lights"]} == {"kitchen", "hall", "study"}
    assert {view["id"] for view in guest.welcome["lights"]} == {"kitchen", "hall"}
    for number, light in enumerate(("study", "kitchen"), 1):
        await ann.press(number, light=light, set={"state": "ON"})
        await ann.sees(light, state="ON")
    await guest.sees("kitchen", state="ON")
    assert guest.lights.keys() == {"kitchen", "hall"}


@pytest.mark.parametrize(("light", "code"), [("hall", "forbidden"), ("study", "unknown_light")])
async def test_guest_who_may_not_press_a_light_is_refused_on_both_ways(
    guest_house: House, light: str, code: str
) -> None:
    token = guest_token(guest_house)
    guest = await guest_house.phone(token)
    await guest.press(light=light)
    assert (await guest.until("error", key=key()))["code"] == code
    answer = await guest_house.http.post(
        f"/api/lights/{light}/presses",
        json={"state": "ON"},
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key(2)},
    )
    assert answer.json()["code"] == code


async def test_light_whose_right_was_taken_away_is_gone_at_the_next_welcome(guest_house: House) -> None:
    have = {light: {"version": [1, 0], "online": True} for light in ("kitchen", "study")}
    guest = await guest_house.phone(guest_token(guest_house), have=have)
    assert guest.welcome["gone"] == ["study"]


async def test_guest_lists_over_http_what_they_may_see(guest_house: House) -> None:
    mine = {"Authorization": f"Bearer {guest_token(guest_house)}"}
    listed = (await guest_house.http.get("/api/lights", headers=mine)).json()["lights"]
    assert {view["id"] for view in listed} == {"kitchen", "hall"}


async def test_status_of_a_press_is_told_while_its_light_may_be_seen(
    guest_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = {"Authorization": f"Bearer {guest_token(guest_house)}"}
    posted = await guest_house.http.post(
        "/api/lights/kitchen/presses",
        json={"state": "ON"},
        headers=mine | {"Idempotency-Key": key(), "Prefer": "wait=5"},
    )
    where = f"/api/presses/{posted.json()['key']}"
    assert (await guest_house.http.get(where, headers=mine)).json()["status"] == "applied"
    monkeypatch.setattr(Principal, "may_see", lambda self, _light: self.name != GUEST)
    assert (await guest_house.http.get(where, headers=mine)).json()["code"] == "unknown_press"
