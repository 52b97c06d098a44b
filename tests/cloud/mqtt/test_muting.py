"""Mutes of lights that flood: when they begin, how long they last, and the topics subscribed to meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.mqtt.muting import (
    BURST,
    BURST_AFTER_MUTE,
    FIRST_MUTE_NS,
    FORGET_MUTE_NS,
    MAX_MUTE_NS,
    MESSAGES_PER_S,
    Muting,
)
from presslight.contract.topics import ALL_AVAILABILITIES, ALL_STATES
from tests.cloud.ports import MS, S

ALL = (ALL_STATES, ALL_AVAILABILITIES)
KNOWN = ("hall", "kitchen")


def flood(muting: Muting, now: int, light: str = "hall", size: int = 100) -> int:
    """Send until the light is muted; return how many messages were accepted."""
    taken = 0
    while muting.accepts(light, size, now):
        taken += 1
    return taken


def listened(muting: Muting, *known: str) -> set[str]:
    """Lights whose topics are subscribed to by name."""
    return {topic.split("/")[2] for topic in muting.topics(known)}


@pytest.fixture
def muting() -> Muting:
    return Muting()


def test_all_lights_are_listened_to_while_none_floods(muting: Muting) -> None:
    assert muting.topics(KNOWN) == ALL
    assert not muting.has_new_topics(KNOWN)


def test_light_that_floods_is_left_out_for_a_while_and_then_listened_to_again(muting: Muting) -> None:
    assert flood(muting, 0) == BURST
    assert muting.muted == {"hall"}
    assert muting.has_new_topics(KNOWN)
    assert muting.topics(KNOWN) == (
        "presslight/light/kitchen/state",
        "presslight/light/kitchen/availability",
    )
    muting.end_mutes(FIRST_MUTE_NS - 1)
    assert not muting.has_new_topics(KNOWN)
    muting.end_mutes(FIRST_MUTE_NS)
    assert muting.has_new_topics(KNOWN)
    assert muting.topics(KNOWN) == ALL
    muting.end_mutes(FIRST_MUTE_NS)
    assert not muting.has_new_topics(KNOWN)


def test_light_that_goes_on_is_known_sooner_and_left_out_for_longer(muting: Muting) -> None:
    now, lengths = 0, []
    flood(muting, now)
    for _ in range(8):
        assert "hall" not in listened(muting, *KNOWN)
        length = muting.mutes["hall"].until - now
        lengths.append(length)
        now += length
        muting.end_mutes(now)
        assert muting.has_new_topics(KNOWN)
        assert muting.topics(KNOWN) == ALL
        assert flood(muting, now) == BURST_AFTER_MUTE
    assert lengths == [min(FIRST_MUTE_NS * 2**time, MAX_MUTE_NS) for time in range(8)]
    assert muting.mutes["hall"].times == 9


def test_light_that_was_good_for_long_is_as_any_other(muting: Muting) -> None:
    flood(muting, 0)
    flood(muting, FIRST_MUTE_NS)
    now = 3 * FIRST_MUTE_NS + FORGET_MUTE_NS
    muting.end_mutes(now - 1)
    assert muting.mutes
    muting.end_mutes(now)
    assert muting.mutes == {}
    assert flood(muting, now) == BURST
    assert muting.mutes["hall"].until == now + FIRST_MUTE_NS


def test_light_that_is_new_to_the_broker_is_listened_to_by_name(muting: Muting) -> None:
    flood(muting, 0)
    assert listened(muting, *KNOWN) == {"kitchen"}
    assert muting.has_new_topics((*KNOWN, "attic"))
    assert listened(muting, *KNOWN, "attic") == {"attic", "kitchen"}
    assert not muting.has_new_topics((*KNOWN, "attic"))


def test_light_that_is_forgotten_changes_nothing(muting: Muting) -> None:
    flood(muting, 0)
    muting.topics(KNOWN)
    assert not muting.has_new_topics(())


def test_of_two_that_flood_each_has_its_own_time(muting: Muting) -> None:
    flood(muting, 0, "hall")
    muting.topics(KNOWN)
    flood(muting, S, "kitchen")
    assert muting.has_new_topics(KNOWN)
    assert muting.topics(KNOWN) == ()
    muting.end_mutes(FIRST_MUTE_NS)
    assert muting.has_new_topics(KNOWN)
    assert listened(muting, *KNOWN) == {"hall"}


def test_light_can_be_listened_to_before_its_time(muting: Muting) -> None:
    assert not muting.unmute("hall")
    flood(muting, 0)
    muting.topics(KNOWN)
    assert muting.unmute("hall")
    assert muting.has_new_topics(KNOWN)
    assert muting.topics(KNOWN) == ALL


def test_large_messages_count_as_many(muting: Muting) -> None:
    assert flood(muting, 0, size=8_000) == BURST // 8


def test_those_who_were_muted_longest_ago_make_room(muting: Muting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.cloud.mqtt.muting.MAX_LIGHTS", 2)
    for light in ("hall", "kitchen", "attic"):
        flood(muting, 0, light)
    assert list(muting.mutes) == ["kitchen", "attic"]
    assert muting.muted == {"kitchen", "attic"}


@given(
    st.lists(st.integers(min_value=0, max_value=3_000), max_size=30),
    st.integers(min_value=1, max_value=MESSAGES_PER_S),
)
def test_no_light_within_its_rate_is_ever_muted(pauses: list[int], rate: int) -> None:
    """It sends `rate` messages a second; a suspended bridge receives them late and all at once."""
    muting, now = Muting(), 0
    for pause in pauses:
        pause_ms = min(pause, 1_000 * BURST // rate)
        now += pause_ms * MS
        for _ in range(rate * pause_ms // 1_000):
            assert muting.accepts("kitchen", 1_000, now)
    assert muting.topics(KNOWN) == ALL


messages = st.tuples(st.sampled_from(["hall", "kitchen", "attic"]), st.integers(0, 2 * S), st.integers(1, 2_000))


@given(st.lists(messages, max_size=60))
def test_who_is_muted_is_never_subscribed_to_and_everybody_else_always(said: list[tuple[str, int, int]]) -> None:
    muting, now, known = Muting(), 0, {"kitchen", "hall"}
    topics = muting.topics(known)
    for light, pause, count in said:
        now += pause
        known.add(light)
        for _ in range(count if light not in muting.muted else 0):
            if not muting.accepts(light, 100, now):
                break
        muting.end_mutes(now)
        if muting.has_new_topics(known):
            topics = muting.topics(known)
        assert muting.topics(known) == topics
        heard = {topic.split("/")[2] for topic in topics}
        assert heard == (known - muting.muted if muting.muted else {"+"})
        assert all(now < muting.mutes[name].until for name in muting.muted)
        assert all(mute.length <= MAX_MUTE_NS for mute in muting.mutes.values())
