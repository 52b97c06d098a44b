from typing import Any

import pytest

from presslight.contract import topics
from presslight.contract.channels import MQTT_CHANNELS, document
from presslight.contract.errors import MEANINGS, CloseCode, ErrorCode
from presslight.contract.shapes import BRIDGE_FRAMES, PHONE_FRAMES, schemas

DOCUMENT = document()
SCHEMAS = schemas()


def references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [found for inner in part for found in references(inner)]
    if not isinstance(part, dict):
        return []
    return [part["$ref"]] if "$ref" in part else references(list(part.values()))


def resolve(reference: str) -> Any:
    place: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    return place


def named(operation: dict[str, Any]) -> list[str]:
    return [message["$ref"].rpartition("/")[2] for message in operation["messages"]]


def test_document_has_the_parts_that_asyncapi_requires() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"]["title"] == "presslight"
    assert DOCUMENT["info"]["version"] == "1.0.0"
    for server in DOCUMENT["servers"].values():
        assert {"host", "protocol"} <= server.keys()
    for channel in DOCUMENT["channels"].values():
        assert {"address", "messages"} <= channel.keys()
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}


def test_document_references_all_lead_somewhere() -> None:
    for reference in references(DOCUMENT):
        if reference.startswith("#/"):
            assert resolve(reference)
        else:
            assert reference.removeprefix("schemas/").removesuffix(".json") in SCHEMAS


def test_document_defines_nothing_that_it_does_not_use() -> None:
    used = set(references(DOCUMENT))
    for kind, parts in DOCUMENT["components"].items():
        assert {f"#/components/{kind}/{name}" for name in parts} <= used
    assert {f"#/servers/{name}" for name in DOCUMENT["servers"]} <= used


@pytest.mark.parametrize("topic", [topics.SET, topics.STATE, topics.AVAILABILITY, topics.DISCOVERY, topics.CANARY])
def test_channel_of_each_topic_names_its_parameters(topic: str) -> None:
    (channel,) = (channel for channel in DOCUMENT["channels"].values() if channel["address"] == topic)
    assert topic.format(**dict.fromkeys(channel["parameters"], "x")).count("x") == len(channel["parameters"])
    assert channel["servers"] == [{"$ref": "#/servers/broker"}]


def test_operations_on_the_broker_are_the_access_rules() -> None:
    operations = {name: part for name, part in DOCUMENT["operations"].items() if "bindings" in part}
    assert len(operations) == len(topics.RULES)
    for name, operation in operations.items():
        role = topics.Role(name.rpartition("s_")[0].rpartition("_")[0])
        address = resolve(operation["channel"]["$ref"])["address"].format(light="{user}", bridge="{user}")
        actions = {"send": {"write", "empty"}, "receive": {"read"}}[operation["action"]]
        rules = [
            rule.topic.replace("+", "{user}") for rule in topics.RULES if rule.role is role and rule.action in actions
        ]
        assert address in rules


def test_operations_on_the_broker_say_qos_and_what_is_retained() -> None:
    for operation in DOCUMENT["operations"].values():
        channel = MQTT_CHANNELS.get(operation["channel"]["$ref"].rpartition("/")[2])
        if channel is None:
            continue
        binding = operation["bindings"]["mqtt"]
        assert binding["qos"] == 1
        assert binding.get("retain") == (channel.retained if operation["action"] == "send" else None)


def test_set_and_canary_are_never_retained() -> None:
    assert not MQTT_CHANNELS["set"].retained
    assert not MQTT_CHANNELS["canary"].retained


def test_operations_on_the_socket_mirror_each_other() -> None:
    operations = DOCUMENT["operations"]
    assert named(operations["phone_sends_frames"]) == named(operations["bridge_receives_frames"]) == [*PHONE_FRAMES]
    assert named(operations["bridge_sends_frames"]) == named(operations["phone_receives_frames"]) == [*BRIDGE_FRAMES]


@pytest.mark.parametrize("operation", DOCUMENT["operations"].values(), ids=DOCUMENT["operations"])
def test_operation_speaks_only_messages_of_its_channel(operation: dict[str, Any]) -> None:
    channel = operation["channel"]["$ref"]
    assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])


def test_socket_lists_every_error_code_and_close_code() -> None:
    phone = DOCUMENT["channels"]["phone"]
    assert phone["address"] == "/ws"
    assert phone["x-error-codes"].keys() == set(ErrorCode)
    assert phone["x-error-codes"]["invalid"] == MEANINGS[ErrorCode.INVALID]._asdict()
    assert {int(code): close["reconnect"] for code, close in phone["x-close-codes"].items()} == {
        code: code.reconnect for code in CloseCode
    }


def test_servers_ask_for_a_user_or_a_token() -> None:
    kinds = {name: resolve(server["security"][0]["$ref"])["type"] for name, server in DOCUMENT["servers"].items()}
    assert kinds == {"broker": "userPassword", "bridge": "apiKey"}
