"""Mosquitto's ACL file says what the contract says. (Whether Mosquitto obeys it: test_rights.)"""

from pathlib import Path

from presslight.broker.acl import acl
from presslight.contract.topics import RULES, Role

LIGHT_LINES = [
    "pattern read presslight/light/%u/set",
    "pattern write presslight/light/%u/state",
    "pattern write presslight/light/%u/availability",
    "pattern read presslight/light/%u/availability",
    "pattern read homeassistant/device/%u/config",
    "pattern write homeassistant/device/%u/config",
    "pattern read presslight/light/%u/announced",
    "pattern write presslight/light/%u/announced",
]


def test_lights_get_patterns_and_no_section() -> None:
    lines = acl(["bridge", "kitchen"]).splitlines()
    assert lines[-len(LIGHT_LINES) :] == LIGHT_LINES
    assert "user kitchen" not in lines


def test_every_rule_is_there_once() -> None:
    lines = acl(["bridge", "homeassistant"]).splitlines()
    for rule in RULES:
        user = {Role.LIGHT: "%u", Role.BRIDGE: "bridge", Role.HOME_ASSISTANT: "homeassistant"}[rule.role]
        word = "pattern" if rule.role is Role.LIGHT else "topic"
        action = "write" if rule.action == "empty" else rule.action
        assert f"{word} {action} {rule.topic.format(user=user)}" in lines


def test_each_bridge_has_its_own_canary_and_is_no_light() -> None:
    text = acl(["bridge", "bridge-2"])
    section = text.split("user bridge-2\n")[1].split("\n\n")[0].splitlines()
    assert "topic write presslight/bridge/bridge-2/canary" in section
    assert "topic deny presslight/light/bridge-2/state" in section
    assert not any("bridge/bridge/" in line for line in section)


def test_lines_for_the_broker_that_a_house_has_are_home_assistant_s_rights() -> None:
    assert sorted(lines_for_home_assistant()) == sorted(
        line for line in acl(["homeassistant"]).splitlines() if line.startswith(("topic read", "topic write"))
    )


def lines_for_home_assistant() -> list[str]:
    """What docs/running.md has people add to their own ACL file."""
    text = (Path(__file__).parents[2] / "docs/running.md").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith("topic ")]
