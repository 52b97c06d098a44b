"""Each message's JSON Schema (2020-12), made from its model: the file of that name in `contract/schemas/`.

A schema gives the model's verdict except where JSON Schema has no words for it: bytes, white space, escapes, names that
stand twice, depth and size of plain JSON, and `1.0`, which JSON Schema takes for an integer and no reader here does.
"""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from presslight.contract import mqtt, phone

MQTT_MESSAGES: dict[str, Any] = {
    "set": mqtt.SetCommand,
    "report": mqtt.Report,
    "availability": mqtt.Availability,
    "discovery": mqtt.Discovery,
}
PHONE_FRAMES: dict[str, Any] = {
    "hello": phone.Hello,
    "press": phone.Press,
    "shown": phone.Shown,
    "ping": phone.Ping,
    "pong": phone.Pong,
}
BRIDGE_FRAMES: dict[str, Any] = {
    "welcome": phone.Welcome,
    "light": phone.LightChanged,
    "gone": phone.LightGone,
    "broker": phone.BrokerStatus,
    "outcome": phone.PressOutcome,
    "error": phone.Problem,
    "ping": phone.Ping,
    "pong": phone.Pong,
}
HTTP_BODIES: dict[str, Any] = {"press_body": phone.PressBody, "lights": phone.Lights}
UNIONS: dict[str, Any] = {"phone": phone.TaggedPhoneFrame, "bridge": phone.TaggedBridgeFrame}
"""Every frame that one side of the socket sends, in one schema."""


class _Generator(GenerateJsonSchema):
    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Refuse the names that fit no pattern, as the model does."""
        written = super().dict_schema(schema)
        if "patternProperties" in written:
            written["additionalProperties"] = False
        return written

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 -- the base class's signature
        """Leave out titles that only repeat the field's name."""
        return False


def schemas() -> dict[str, JsonSchemaValue]:
    """Every message's schema, by the message's name."""
    messages = MQTT_MESSAGES | PHONE_FRAMES | BRIDGE_FRAMES | HTTP_BODIES | UNIONS
    return {name: _schema(shape) for name, shape in messages.items()}


def _schema(shape: Any) -> JsonSchemaValue:
    return {
        "$schema": _Generator.schema_dialect,
        **TypeAdapter(shape).json_schema(schema_generator=_Generator),
    }
