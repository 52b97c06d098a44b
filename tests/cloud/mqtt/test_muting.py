"""Which lights are not listened to: told apart by what they send, for how long, and what is subscribed to meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.mqtt.muting import AT_ONCE, AT_ONCE_AFTER, FIRST_NS, GOOD_NS, LONGEST_NS, MESSAGES_PER_S, Muting
from presslight.contract.topics import ALL_AVAILABILITIES, ALL_STATES
from tests.cloud.ports import MS, S

ALL = (ALL_STATES, ALL_AVAILABILITIES)
KNOWN = ("hall", "kitchen")


def flood(muting: Muting, now: int, light: str = "hall", size: int = 100) -> int:
    """Send until that is too much; answers how much was taken."""
    taken = 0
    while muting.takes(light, size, now):
        taken += 1
    return taken


def listened(muting: Muting, *known: str) -> set[str]:
    """The lights whose topics are subscribed to by name."""
    return {topic.split("/")[2] for topic in muting.topics(known)}


@pytest.fixture
def muting() -> Muting:
    return Muting()


def test_all_lights_are_listened_to_while_none_floods(muting: Muting) -> None:
    assert muting.topics(KNOWN) == ALL
    assert not muting.wants_others(KNOWN)


def test_light_that_floods_is_left_out_for_a_while_and_then_listened_to_again(muting: Muting) -> None:
    assert flood(muting, 0) == AT_ONCE
    assert muting.muted == {"hall"}
    assert muting.wants_others(KNOWN)
    assert muting.topics(KNOWN) == (
        "presslight/light/kitchen/state",
        "presslight/light/kitchen/availability",
    )
    muting.end_terms(FIRST_NS - 1)
    assert not muting.wants_others(KNOWN)
    muting.end_terms(FIRST_NS)
    assert muting.wants_others(KNOWN)
    assert muting.topics(KNOWN) == ALL
    muting.end_terms(FIRST_NS)
    assert not muting.wants_others(KNOWN)


def test_light_that_goes_on_is_known_sooner_and_left_out_for_longer(muting: Muting) -> None:
    now, lengths = 0, []
    flood(muting, now)
    for _ in range(8):
        assert "hall" not in listened(muting, *KNOWN)
        length = muting.terms["hall"].until - now
        lengths.append(length)
        now += length
        muting.end_terms(now)
        assert muting.wants_others(KNOWN)
        assert muting.topics(KNOWN) == ALL
        assert flood(muting, now) == AT_ONCE_AFTER
    assert lengths == [min(FIRST_NS * 2**time, LONGEST_NS) for time in range(8)]
    assert muting.terms["hall"].times == 9


def test_light_that_was_good_for_long_is_as_any_other(muting: Muting) -> None:
    flood(muting, 0)
    flood(muting, FIRST_NS)
    now = 3 * FIRST_NS + GOOD_NS
    muting.end_terms(now - 1)
    assert muting.terms
    muting.end_terms(now)
    assert muting.terms == {}
    assert flood(muting, now) == AT_ONCE
    assert muting.terms["hall"].until == now + FIRST_NS


def test_light_that_is_new_to_the_broker_is_listened_to_by_name(muting: Muting) -> None:
    flood(muting, 0)
    assert listened(muting, *KNOWN) == {"kitchen"}
    assert muting.wants_others((*KNOWN, "attic"))
    assert listened(muting, *KNOWN, "attic") == {"attic", "kitchen"}
    assert not muting.wants_others((*KNOWN, "attic"))


def test_light_that_is_forgotten_changes_nothing(muting: Muting) -> None:
    flood(muting, 0)
    muting.topics(KNOWN)
    assert not muting.wants_others(())


def test_of_two_that_flood_each_has_its_own_time(muting: Muting) -> None:
    flood(muting, 0, "hall")
    muting.topics(KNOWN)
    flood(muting, S, "kitchen")
    assert muting.wants_others(KNOWN)
    assert muting.topics(KNOWN) == ()
    muting.end_terms(FIRST_NS)
    assert muting.wants_others(KNOWN)
    assert listened(muting, *KNOWN) == {"hall"}


def test_light_can_be_listened_to_before_its_time(muting: Muting) -> None:
    assert not muting.pardon("hall")
    flood(muting, 0)
    muting.topics(KNOWN)
    assert muting.pardon("hall")
    assert muting.wants_others(KNOWN)
    assert muting.topics(KNOWN) == ALL


def test_large_messages_count_as_many(muting: Muting) -> None:
    assert flood(muting, 0, size=8_000) == AT_ONCE // 8


def test_those_who_were_muted_longest_ago_make_room(muting: Muting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.cloud.mqtt.muting.MAX_LIGHTS", 2)
    for light in ("hall", "kitchen", "attic"):
        flood(muting, 0, light)
    assert list(muting.terms) == ["kitchen", "attic"]
    assert muting.muted == {"kitchen", "attic"}


@given(
    st.lists(st.integers(min_value=0, max_value=3_000), max_size=30),
    st.integers(min_value=1, max_value=MESSAGES_PER_S),
)
def test_no_light_within_its_rate_is_ever_muted(pauses: list[int], rate: int) -> None:
    """It sends `rate` messages a second; a bridge that stands still hears them late and all at once."""
    muting, now = Muting(), 0
    for pause in pauses:
        pause_ms = min(pause, 1_000 * AT_ONCE // rate)
        now += pause_ms * MS
        for _ in range(rate * pause_ms // 1_000):
            assert muting.takes("kitchen", 1_000, now)
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
            if not muting.takes(light, 100, now):
                break
        muting.end_terms(now)
        if muting.wants_others(known):
            topics = muting.topics(known)
        assert muting.topics(known) == topics
        heard = {topic.split("/")[2] for topic in topics}
        assert heard == (known - muting.muted if muting.muted else {"+"})
        assert all(now < muting.terms[name].until for name in muting.muted)
        assert all(term.length <= LONGEST_NS for term in muting.terms.values())
