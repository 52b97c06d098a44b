import json
from typing import Any

import pytest

from presslight.contract.phone import MAX_FRAME_BYTES, Change, Clock, Hello, View
from presslight.contract.phone_codec import encode
from presslight.contract.words import Version
from presslight.mobile_sim.screen import Screen
from tests.mobile_sim.fake_bridge import view
from tests.mobile_sim.tables import Case, cases


def test_screen_shows_a_light_and_its_changes() -> None:
    screen = Screen(0)
    assert screen.show(view(), 0)
    assert screen.show(view(state="ON", version=(1, 2)), 1)
    assert screen.lights["kitchen"].state == "ON"


def test_light_that_died_before_its_newest_version_was_kept_is_offline() -> None:
    screen = Screen(0)
    screen.show(view(state="ON", version=(1, 18)), 0)
    assert screen.show(view(state="OFF", version=(1, 17), online=False), 1)
    light = screen.lights["kitchen"]
    assert (light.online, light.state, light.version) == (False, "ON", (1, 18))
    assert not screen.show(view(state="OFF", version=(1, 17), online=False), 2)
    assert not screen.show(view(state="OFF", version=(1, 17)), 3)
    assert not screen.lights["kitchen"].online


def test_refreshed_clock_looks_like_nothing_and_betters_the_bound() -> None:
    screen = Screen(0)
    screen.show(view(up=1_000), 0)
    assert not screen.show(view(up=9_000), 10)
    assert screen.lights["kitchen"].bound.up == 9_000
    assert not screen.show(view(up=2_000), 20)
    assert screen.lights["kitchen"].bound.up == 9_000


def test_clock_alone_betters_the_bound_of_its_boot() -> None:
    screen = Screen(0)
    screen.show(view(up=1_000, boot="00000001"), 0)
    assert screen.hear_clock(Clock(id="kitchen", boot="00000001", up=9_000, age_ms=4), 10)
    assert (screen.lights["kitchen"].bound.up, screen.lights["kitchen"].heard) == (9_000, 6)
    assert screen.hear_clock(Clock(id="kitchen", boot="00000001", up=2_000, age_ms=100), 20)
    assert (screen.lights["kitchen"].bound.up, screen.lights["kitchen"].heard) == (9_000, 6)


def test_light_was_last_heard_when_the_bridge_heard_it() -> None:
    screen = Screen(0)
    screen.show(view(online=False, age_ms=4_000), 10_000)
    assert screen.lights["kitchen"].heard == 6_000


def test_light_says_who_changed_it_and_when() -> None:
    screen = Screen(0)
    screen.show(view(change=Change(by="phone", phone="ann", age_ms=400)), 1_000)
    change = screen.lights["kitchen"].change
    assert change is not None
    assert (change.by, change.phone, change.at) == ("phone", "ann", 600)


def test_what_is_known_of_a_version_is_not_lost_to_a_bridge_that_knows_less() -> None:
    screen = Screen(0)
    screen.show(view(change=Change(by="phone", age_ms=400)), 1_000)
    assert screen.show(view(change=Change(by="phone", phone="ann", age_ms=500)), 1_100)
    for told in (None, Change(by="phone", age_ms=0)):
        assert not screen.show(view(change=told), 1_200)
        change = screen.lights["kitchen"].change
        assert change is not None
        assert (change.phone, change.at) == ("ann", 600)
    screen.show(view(version=(1, 9)), 1_300)
    assert screen.lights["kitchen"].change is None


@pytest.mark.parametrize("case", cases("screen_table.json"))
def test_screen_knows_of_a_change_what_the_table_says(case: Case) -> None:
    screen = Screen(0)
    for step in case["steps"]:
        told = step["change"] and Change.model_validate_json(json.dumps(step["change"]))
        screen.show(view(version=tuple(step["version"]), change=told), step["at"])
        change = screen.lights["kitchen"].change
        assert (change and [change.by, change.phone, change.at]) == step["known"], step


def test_screen_is_stale_without_link_or_broker() -> None:
    screen = Screen(0)
    assert screen.stale_ms(100) == 100
    screen.link(up=True, now=100)
    assert screen.stale_ms(150) == 150
    screen.broker_is(reached=True, now=200)
    assert screen.stale_ms(250) == 0
    screen.broker_is(reached=False, now=300)
    screen.link(up=False, now=400)
    assert screen.stale_ms(500) == 200


def test_screen_is_stale_from_the_loss_of_the_link_on() -> None:
    screen = Screen(0)
    screen.link(up=True, now=100)
    screen.broker_is(reached=True, now=100)
    screen.link(up=False, now=300)
    assert screen.stale_ms(500) == 200


def test_light_is_not_missed_before_its_bridge_has_found_its_broker() -> None:
    screen = Screen(0)
    screen.show(view(), 0)
    screen.link(up=True, now=100)
    screen.broker_is(reached=False, now=100)
    assert screen.lights["kitchen"].online
    screen.show(view(), 150)
    screen.broker_is(reached=True, now=200)
    assert screen.lights["kitchen"].online


def test_have_tells_versions() -> None:
    screen = Screen(0)
    screen.show(view(version=(3, 4)), 0)
    have = screen.have()["kitchen"]
    assert (have.version, have.online) == ((3, 4), True)


@pytest.mark.parametrize("version", [(0, 0), (2**30 - 1, 2**30 - 1)])
def test_hello_with_very_many_lights_stays_under_the_frame_limit(version: Version) -> None:
    screen = Screen(0)
    for number in range(1_000):
        screen.show(view(f"{number:032}", online=False, version=version), 0)
    hello = Hello(type="hello", versions=(1,), token="t" * 256, client="c" * 64, have=screen.have())
    assert len(encode(hello)) <= MAX_FRAME_BYTES


def test_new_line_of_versions_is_shown_of_whatever_version() -> None:
    screen = Screen(0)
    screen.link(True, 0)
    screen.greet(view(version=(9, 9), boot="0badb007", up=10**12), 0)
    assert not screen.show(view(version=(1, 3)), 1)
    assert screen.show(view(version=(1, 2), up=5_000, line=1), 2)
    light = screen.lights["kitchen"]
    assert (light.version, light.bound.boot, light.bound.up) == ((1, 2), view().boot, 5_000)
    assert not screen.show(view(version=(1, 1), line=1), 3)
    assert screen.show(view(version=(1, 2), up=4_000, line=2, brightness=9), 4)
    assert screen.lights["kitchen"].bound.up == 4_000  # also in the same boot


def test_name_that_two_devices_use_is_shown_until_it_is_told_no_more() -> None:
    screen = Screen(0)
    assert screen.show(view(shared=True), 0)
    assert screen.lights["kitchen"].shared
    assert screen.show(view(), 1)
    screen.show(view(shared=True), 2)
    screen.link(True, 3)
    assert not screen.lights["kitchen"].shared


def follow(screen: Screen, event: dict[str, Any], at: float) -> None:
    match event["type"]:
        case "link_up" | "link_down":
            screen.link(event["type"] == "link_up", at)
        case "welcome":
            screen.greet(light_of(event), at)
        case "light":
            screen.show(light_of(event), at)
        case "clock":
            screen.hear_clock(Clock.model_validate_json(json.dumps(event["clock"])), at)
        case "gone":
            screen.take_away(event["light"])
        case "broker":
            screen.broker_is(reached=True, now=at)
        case other:
            raise AssertionError(other)


def light_of(event: dict[str, Any]) -> View:
    return view(**event["light"] | {"light": event["light"]["id"], "version": tuple(event["light"]["version"])})


@pytest.mark.parametrize("case", cases("screen_version_table.json"))
def test_screen_shows_the_version_that_the_table_says(case: Case) -> None:
    screen = Screen(0)
    for step in case["steps"]:
        follow(screen, step["event"], step["at"])
        shown = {name: [list(light.version), light.online] for name, light in screen.lights.items()}
        assert shown == step["shown"], step
        for name, bound in step.get("bound", {}).items():
            assert screen.lights[name].bound.at(step["at"]) == bound, step
