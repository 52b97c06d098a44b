"""MQTT topics, and who may read and write which: the one source of every broker's access rules.

A light's MQTT user name is its light id, so `{user}` in a rule means "its own".
"""

from enum import StrEnum
from typing import Literal, NamedTuple

BRIDGE_USER = "bridge"
HOME_ASSISTANT_USER = "homeassistant"

SET = "presslight/light/{light}/set"
"""Bridge (QoS 1) or Home Assistant (QoS 0) → light, never retained: `SetCommand`."""

STATE = "presslight/light/{light}/state"
"""Light → all, QoS 1, retained: `Report`. A bridge empties it and the two below to have a light forgotten."""

AVAILABILITY = "presslight/light/{light}/availability"
"""Light → all, QoS 1, retained; also the light's will: `online` or `offline` as plain text.

A bridge says `offline` of a light that is silent; a light that hears that says `online` again.
"""

DISCOVERY = "homeassistant/device/{light}/config"
"""Light → Home Assistant, QoS 1, retained: `Discovery`. Home Assistant empties it where its user deletes the device."""

ANNOUNCED = "presslight/light/{light}/announced"
"""Light → itself, QoS 1, retained: which setting-up of it has announced it (`flashed` of its settings). Without the
discovery message beside it, that was deleted."""

HOME_ASSISTANT_STATUS = "homeassistant/status"
"""Home Assistant → itself, QoS 0 or 1, retained or not as it is set up; also its will: `online` or `offline`.

Nobody here reads it: a right to it is there so that neither its will nor its birth is refused.
"""

CANARY = "presslight/bridge/{bridge}/canary"
"""Bridge → itself, QoS 1, not retained: proves that the broker delivers."""

ALL_STATES = STATE.format(light="+")
ALL_AVAILABILITIES = AVAILABILITY.format(light="+")

Action = Literal["read", "write", "empty"]
"""`empty`: publish nothing but an empty message there, which `write` includes."""


class Role(StrEnum):
    """The role of a user of the broker."""

    LIGHT = "light"
    BRIDGE = "bridge"
    HOME_ASSISTANT = "home_assistant"


class Rule(NamedTuple):
    """One right: `topic` is an MQTT filter in which `{user}` stands for the user's own name."""

    role: Role
    action: Action
    topic: str


RULES: tuple[Rule, ...] = (
    Rule(Role.LIGHT, "read", SET.format(light="{user}")),
    Rule(Role.LIGHT, "write", STATE.format(light="{user}")),
    Rule(Role.LIGHT, "write", AVAILABILITY.format(light="{user}")),
    Rule(Role.LIGHT, "read", AVAILABILITY.format(light="{user}")),
    Rule(Role.LIGHT, "read", DISCOVERY.format(light="{user}")),
    Rule(Role.LIGHT, "write", DISCOVERY.format(light="{user}")),
    Rule(Role.LIGHT, "read", ANNOUNCED.format(light="{user}")),
    Rule(Role.LIGHT, "write", ANNOUNCED.format(light="{user}")),
    Rule(Role.BRIDGE, "read", ALL_STATES),
    Rule(Role.BRIDGE, "read", ALL_AVAILABILITIES),
    Rule(Role.BRIDGE, "write", SET.format(light="+")),
    Rule(Role.BRIDGE, "empty", STATE.format(light="+")),
    Rule(Role.BRIDGE, "write", AVAILABILITY.format(light="+")),
    Rule(Role.BRIDGE, "empty", DISCOVERY.format(light="+")),
    Rule(Role.BRIDGE, "empty", ANNOUNCED.format(light="+")),
    Rule(Role.BRIDGE, "read", CANARY.format(bridge="{user}")),
    Rule(Role.BRIDGE, "write", CANARY.format(bridge="{user}")),
    Rule(Role.HOME_ASSISTANT, "read", ALL_STATES),
    Rule(Role.HOME_ASSISTANT, "read", ALL_AVAILABILITIES),
    Rule(Role.HOME_ASSISTANT, "read", DISCOVERY.format(light="+")),
    Rule(Role.HOME_ASSISTANT, "write", DISCOVERY.format(light="+")),
    Rule(Role.HOME_ASSISTANT, "write", SET.format(light="+")),
    Rule(Role.HOME_ASSISTANT, "write", HOME_ASSISTANT_STATUS),
)
"""Every right there is; what is not here is refused."""


def role_of(user: str) -> Role:
    """The role of a broker user: `bridge` and `bridge-…` are bridges, `homeassistant` is itself, all others lights."""
    if user == BRIDGE_USER or user.startswith(BRIDGE_USER + "-"):
        return Role.BRIDGE
    return Role.HOME_ASSISTANT if user == HOME_ASSISTANT_USER else Role.LIGHT


def may(user: str, action: Action, topic: str) -> bool:
    """Whether `user` may publish to a topic (`write`, `empty`) or subscribe to a filter or hear a topic (`read`).

    A filter is allowed only where a rule covers all that it can match, so `#` is allowed to nobody. A user whose own
    name would be a wildcard or more than one level may nothing.
    """
    if set(user) & set("+#/"):
        return False
    role, granting = role_of(user), ("write", "empty") if action == "empty" else (action,)
    return any(
        rule.role is role and rule.action in granting and covers(rule.topic.format(user=user), topic) for rule in RULES
    )


def may_publish(user: str, topic: str, payload: bytes) -> bool:
    """Whether `user` may publish this to a topic."""
    return may(user, "write" if payload else "empty", topic)


def covers(rule: str, topic: str) -> bool:
    """Whether filter `rule` (which may hold `+`) matches everything that the topic or filter `topic` matches."""
    wanted, asked = rule.split("/"), topic.split("/")
    return len(wanted) == len(asked) and all(
        w == a or (w == "+" and a != "#") for w, a in zip(wanted, asked, strict=True)
    )


def light_of(topic: str) -> str:
    """The light's name in a topic `presslight/light/ID/…`, or the empty string."""
    match topic.split("/"):
        case ["presslight", "light", light, _]:
            return light
    return ""
