"""The wire as an AsyncAPI 3.0 document: channels, who sends and receives on them, error and close codes.

An operation is named for the part that does it (`light_sends_state`). Those of MQTT come from the access rules in
`presslight.contract.topics`, so the document says what the brokers enforce. Payloads are the files that
`presslight.contract.shapes` makes.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from presslight.contract import topics
from presslight.contract.errors import MEANINGS, CloseCode
from presslight.contract.phone import MAX_FRAME_BYTES
from presslight.contract.shapes import BRIDGE_FRAMES, MQTT_MESSAGES, PHONE_FRAMES
from presslight.contract.words import WIRE_VERSION

Json = dict[str, Any]


class Channel(NamedTuple):
    """A topic: its address, what travels there, whether the broker keeps the newest."""

    address: str
    message: str
    retained: bool
    about: str


MQTT_CHANNELS: dict[str, Channel] = {
    "set": Channel(topics.SET, "set", retained=False, about="What the light shall be. A retained one is dropped."),
    "state": Channel(topics.STATE, "report", retained=True, about="What the light is, and its newest decisions."),
    "availability": Channel(topics.AVAILABILITY, "availability", retained=True, about="Also the light's will."),
    "discovery": Channel(topics.DISCOVERY, "discovery", retained=True, about="How Home Assistant finds the light."),
    "home_assistant_status": Channel(
        topics.HOME_ASSISTANT_STATUS, "availability", retained=False, about="Home Assistant's birth and will."
    ),
    "announced": Channel(topics.ANNOUNCED, "announced", retained=True, about="Which setting-up announced the light."),
    "canary": Channel(topics.CANARY, "canary", retained=False, about="Proves to a bridge that the broker delivers."),
}

_PARAMETERS = {"light": "A light's name: its MQTT user and client id.", "bridge": "A bridge's MQTT user."}
_CONTENT_TYPES = {"availability": "text/plain", "announced": "text/plain", "canary": "application/octet-stream"}
_BARE = ("announced", "canary")
"""A payload without a schema."""


def document() -> Json:
    """Build the whole document; payload schemas are relative references into `schemas/`."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "presslight",
            "version": f"{WIRE_VERSION}.0.0",
            "description": "What phones, bridge, broker and lights say to each other. What it means: docs/protocol.md.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {name: _mqtt_channel(channel) for name, channel in MQTT_CHANNELS.items()} | {"phone": _phone()},
        "operations": _mqtt_operations() | _phone_operations(),
        "components": {
            "messages": {name: _message(name) for name in [*MQTT_MESSAGES, *_BARE, *PHONE_FRAMES, *BRIDGE_FRAMES]},
            "parameters": {name: {"description": about} for name, about in _PARAMETERS.items()},
            "securitySchemes": {
                "user": {"type": "userPassword", "description": "A light's user is its name."},
                "token": {"type": "apiKey", "in": "password", "description": "In the first frame, hello: `token`."},
            },
        },
    }


def _servers() -> Json:
    return {
        "broker": {
            "host": "{address}",
            "protocol": "mqtt",
            "protocolVersion": "3.1.1",
            "description": "Or secure-mqtt, with the broker's own CA; or MQTT 5. Every session is clean.",
            "variables": {"address": {"default": "localhost:1883"}},
            "security": [_ref("components/securitySchemes/user")],
        },
        "bridge": {
            "host": "{address}",
            "protocol": "ws",
            "description": "Or wss. JSON text frames, no compression.",
            "variables": {"address": {"default": "localhost:8787"}},
            "security": [_ref("components/securitySchemes/token")],
        },
    }


def _mqtt_channel(channel: Channel) -> Json:
    return {
        "address": channel.address,
        "description": channel.about,
        "servers": [_ref("servers/broker")],
        "parameters": {
            name: _ref(f"components/parameters/{name}") for name in _PARAMETERS if f"{{{name}}}" in channel.address
        },
        "messages": {channel.message: _ref(f"components/messages/{channel.message}")},
    }


def _phone() -> Json:
    return {
        "address": "/ws",
        "description": "The phone says hello first, or with the handshake; the bridge answers welcome, then pushes.",
        "servers": [_ref("servers/bridge")],
        "messages": {name: _ref(f"components/messages/{name}") for name in PHONE_FRAMES | BRIDGE_FRAMES},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
        "x-max-frame-bytes": MAX_FRAME_BYTES,
        "x-error-codes": {code.value: meaning._asdict() for code, meaning in MEANINGS.items()},
        "x-close-codes": {
            str(code.value): {"name": code.name.lower(), "reconnect": code.reconnect} for code in CloseCode
        },
    }


def _mqtt_operations() -> Json:
    operations = {}
    for rule in topics.RULES:
        name, channel = next(entry for entry in MQTT_CHANNELS.items() if _any(entry[1].address) == _any(rule.topic))
        verb, action = ("receives", "receive") if rule.action == "read" else ("sends", "send")
        retain = {} if rule.action == "read" else {"retain": channel.retained}
        operations[f"{rule.role}_{verb}_{name}"] = _operation(action, name, [channel.message]) | {
            "bindings": {"mqtt": {"qos": 1, **retain, "bindingVersion": "0.2.0"}}
        }
    return operations


def _phone_operations() -> Json:
    return {
        "phone_sends_frames": _operation("send", "phone", PHONE_FRAMES),
        "bridge_receives_frames": _operation("receive", "phone", PHONE_FRAMES),
        "bridge_sends_frames": _operation("send", "phone", BRIDGE_FRAMES),
        "phone_receives_frames": _operation("receive", "phone", BRIDGE_FRAMES),
    }


def _operation(action: str, channel: str, messages: Iterable[str]) -> Json:
    return {
        "action": action,
        "channel": _ref(f"channels/{channel}"),
        "messages": [_ref(f"channels/{channel}/messages/{message}") for message in messages],
    }


def _message(name: str) -> Json:
    payload = {} if name in _BARE else {"payload": {"$ref": f"schemas/{name}.json"}}
    return {"name": name, "contentType": _CONTENT_TYPES.get(name, "application/json"), **payload}


def _any(topic: str) -> str:
    return topic.format(light="+", bridge="+", user="+")


def _ref(place: str) -> Json:
    return {"$ref": f"#/{place}"}
