from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from presslight.contract import topics
from presslight.contract.topics import Action, Role
from tests.contract import strategies

ACTIONS: tuple[Action, ...] = ("read", "write", "empty")
OF_A_LIGHT = (topics.SET, topics.STATE, topics.AVAILABILITY, topics.DISCOVERY, topics.ANNOUNCED)


def matches(pattern: str, topic: str) -> bool:
    """MQTT 3.1.1, section 4.7, as written there."""
    wanted, found = pattern.split("/"), topic.split("/")
    if wanted[-1] == "#":
        parent = len(wanted) - 1
        return len(found) >= parent and matches_levels(wanted[:parent], found[:parent])
    return len(wanted) == len(found) and matches_levels(wanted, found)


def matches_levels(wanted: list[str], found: list[str]) -> bool:
    return all(level in ("+", there) for level, there in zip(wanted, found, strict=True))


def paths(levels: str, longest: int) -> Iterator[str]:
    for length in range(1, longest + 1):
        yield from map("/".join, product(levels, repeat=length))


def filters(levels: str, longest: int) -> Iterator[str]:
    yield from paths(levels + "+", longest)
    yield "#"
    yield from (f"{path}/#" for path in paths(levels + "+", longest - 1))


def test_covers_agrees_with_matching_topic_by_topic() -> None:
    every_topic = list(paths("abc", 4))  # c stands in no rule and in no filter: any other name
    matched = {asked: {topic for topic in every_topic if matches(asked, topic)} for asked in filters("ab", 3)}
    for rule, asked in product(paths("ab+", 3), matched):
        assert topics.covers(rule, asked) == (matched[asked] <= matched[rule]), (rule, asked)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("user", ["kitchen", "bridge", "bridge-2", "homeassistant"])
def test_may_agrees_with_matching_the_rules_topic_by_topic(user: str, action: Action) -> None:
    heads = ["presslight/light", "presslight/bridge", "homeassistant/device", "other/light"]
    names = ["kitchen", "hall", "bridge", "bridge-2"]
    tails = ["set", "state", "availability", "announced", "config", "canary", "other"]
    every_topic = [*map("/".join, product(heads, names, tails)), "presslight", "presslight/light", "v/w/x/y/z"]
    granting = ("write", "empty") if action == "empty" else (action,)
    rules = [rule.topic for rule in topics.RULES if rule.role is topics.role_of(user) and rule.action in granting]
    right = {topic for topic in every_topic if any(matches(rule.format(user=user), topic) for rule in rules)}
    wild = [*map("/".join, product(heads, [*names, "+"], [*tails, "+", "#"])), "#", "+/#", "+/+/+/+", "+/light/+/state"]
    for asked in wild if action == "read" else every_topic:
        wanted = {topic for topic in every_topic if matches(asked, topic)}
        assert topics.may(user, action, asked) == (wanted <= right), asked


@given(strategies.lights, strategies.lights, st.sampled_from(ACTIONS), st.sampled_from(OF_A_LIGHT))
def test_light_may_nothing_on_the_topics_of_another(own: str, other: str, action: Action, topic: str) -> None:
    assume(own != other)
    assert not topics.may(own, action, topic.format(light=other))
    assert not topics.may(own, action, topic.format(light="+"))


@given(strategies.lights, st.sampled_from(ACTIONS), st.text(st.sampled_from("presslight/+#abc")))
def test_light_may_nothing_that_is_not_spelled_with_its_name(own: str, action: Action, topic: str) -> None:
    assert own in topic or not topics.may(own, action, topic)


@given(strategies.lights)
def test_light_writes_all_of_its_own_but_set_and_reads_all_but_its_reports(light: str) -> None:
    own = [topic.format(light=light) for topic in OF_A_LIGHT]
    assert [topics.may(light, "read", topic) for topic in own] == [True, False, True, True, True]
    assert [topics.may(light, "write", topic) for topic in own] == [False, True, True, True, True]


@given(st.text(), st.sampled_from("+#/"), st.text(), st.sampled_from(ACTIONS))
def test_user_whose_name_is_a_wildcard_or_a_path_may_nothing(head: str, mark: str, tail: str, action: Action) -> None:
    user = head + mark + tail
    for topic in (*OF_A_LIGHT, topics.CANARY):
        for name in (user, "+", "kitchen"):
            assert not topics.may(user, action, topic.format(light=name, bridge=name))


@pytest.mark.parametrize("user", ["kitchen", "bridge", "homeassistant", ""])
@pytest.mark.parametrize("asked", ["#", "+/#", "presslight/#", "presslight/light/#", "$SYS/#", "", "/", "$share/g/x"])
def test_nobody_may_read_everything(user: str, asked: str) -> None:
    assert not topics.may(user, "read", asked)


def test_bridge_reads_every_report_and_only_its_own_canary() -> None:
    assert topics.may("bridge-2", "read", topics.ALL_STATES)
    assert topics.may("bridge-2", "read", topics.ALL_AVAILABILITIES)
    writes = {topic for topic in OF_A_LIGHT if topics.may("bridge-2", "write", topic.format(light="hall"))}
    assert writes == {topics.SET, topics.AVAILABILITY}
    for topic in OF_A_LIGHT:
        assert topics.may("bridge-2", "empty", topic.format(light="hall"))
        assert topics.may_publish("bridge-2", topic.format(light="hall"), b"")
        assert topics.may_publish("bridge-2", topic.format(light="hall"), b"x") == (topic in writes)
    assert topics.may("bridge-2", "read", topics.CANARY.format(bridge="bridge-2"))
    assert not topics.may("bridge-2", "read", topics.CANARY.format(bridge="bridge"))
    assert not topics.may("bridge-2", "read", topics.ANNOUNCED.format(light="hall"))


def test_home_assistant_sets_lights_and_speaks_for_none() -> None:
    assert topics.may("homeassistant", "read", topics.DISCOVERY.format(light="+"))
    assert topics.may("homeassistant", "write", topics.SET.format(light="hall"))
    assert topics.may("homeassistant", "write", topics.DISCOVERY.format(light="hall"))
    assert topics.may("homeassistant", "write", "homeassistant/status")
    assert not topics.may("homeassistant", "write", topics.STATE.format(light="hall"))
    assert not topics.may("homeassistant", "write", topics.AVAILABILITY.format(light="hall"))
    assert not topics.may("homeassistant", "read", topics.CANARY.format(bridge="bridge"))


@given(strategies.lights)
def test_role_of_every_light_name_is_light(name: str) -> None:
    assert topics.role_of(name) is Role.LIGHT


@pytest.mark.parametrize(
    ("user", "role"),
    [
        ("bridge", Role.BRIDGE),
        ("bridge-", Role.BRIDGE),
        ("homeassistant", Role.HOME_ASSISTANT),
        ("bridges", Role.LIGHT),
    ],
)
def test_role_of_a_reserved_name_is_its_own(user: str, role: Role) -> None:
    assert topics.role_of(user) is role


@given(strategies.lights, st.sampled_from([topics.SET, topics.STATE, topics.AVAILABILITY]))
def test_light_of_its_topic_is_the_light(light: str, topic: str) -> None:
    assert topics.light_of(topic.format(light=light)) == light


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "kitchen",
        "presslight/light/kitchen",
        "presslight/light/kitchen/set/x",
        "other/light/kitchen/set",
        topics.CANARY,
    ],
)
def test_light_of_another_topic_is_nobody(topic: str) -> None:
    assert topics.light_of(topic) == ""
