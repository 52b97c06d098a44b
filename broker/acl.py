"""The contract's rights as Mosquitto's ACL file. Pure: text out, no file."""

from collections.abc import Iterable, Iterator

from presslight.contract.topics import BRIDGE_USER, RULES, Role, role_of


def acl(users: Iterable[str] = (BRIDGE_USER,)) -> str:
    """Mosquitto's ACL file: a section per user that is not a light, then the patterns of lights.

    A pattern applies to every user, so each section first denies what the patterns would grant to its user. Lights need
    no section: a light that is added later has its rights already.
    """
    sections = [_section(user) for user in sorted(users) if role_of(user) is not Role.LIGHT]
    patterns = [f"pattern {rule.action} {rule.topic.format(user='%u')}" for rule in RULES if rule.role is Role.LIGHT]
    return "\n".join([*sections, *patterns, ""])


def _section(user: str) -> str:
    denied = sorted({rule.topic.format(user=user) for rule in RULES if rule.role is Role.LIGHT})
    return "\n".join([f"user {user}", *(f"topic deny {topic}" for topic in denied), *_granted(user), ""])


def _granted(user: str) -> Iterator[str]:
    for rule in RULES:
        if rule.role is role_of(user):
            action = "read" if rule.action == "read" else "write"  # Mosquitto does not check payloads
            yield f"topic {action} {rule.topic.format(user=user)}"
