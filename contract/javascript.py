"""The contract for the page: `contract.js` with constants and enums, `frames.d.ts` with the types of all frames.

`contract.js` runs in the browser (ECMAScript 2020). `frames.d.ts` is TypeScript that only `deno check` reads; its types
are made from the frames' JSON Schemas.
"""

import json
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, Literal

from pydantic import TypeAdapter

from presslight.contract import light, phone, phone_rules, words
from presslight.contract.errors import CloseCode
from presslight.contract.shapes import BRIDGE_FRAMES, HTTP_BODIES, PHONE_FRAMES

HEAD = (
    "// Written by `python -m presslight.contract.export` from contract/; `make check` fails where it is not current.\n"
)

Optional = Literal["default", "null"]
"""Which fields may be absent: what we read may leave out each default, what a bridge writes has all but null."""

_FROM_WORDS = ("DEFAULT_PATIENCE_MS", "MAX_AGE_MS", "MAX_SMALL", "MAX_UP_MS", "WIRE_VERSION")
_PATTERNS = {"KEY_PATTERN": words.Key, "LIGHT_PATTERN": words.LightId, "BOOT_PATTERN": words.BootId}


def constants() -> str:
    """Write `contract.js`."""
    lines = [f"export const {name} = {written};\n" for name, written in _constants()]
    return HEAD + "\n" + "".join(lines) + _enum(CloseCode)


def types() -> str:
    """Write `frames.d.ts`."""
    written = _written({**PHONE_FRAMES, "press_body": HTTP_BODIES["press_body"]}, "default")
    written |= _written({**BRIDGE_FRAMES, "lights": HTTP_BODIES["lights"]}, "null")
    unions = [_union("PhoneFrame", PHONE_FRAMES), _union("BridgeFrame", BRIDGE_FRAMES)]
    return HEAD + "\n" + "\n".join([*(written[name] for name in sorted(written)), *unions])


def _written(shapes: Mapping[str, Any], optional: Optional) -> dict[str, str]:
    """Write each model and those that it names, by name."""
    written: dict[str, str] = {}
    for shape in shapes.values():
        schema = TypeAdapter(shape).json_schema()
        models = {**schema.pop("$defs", {}), schema["title"]: schema}
        written |= {name: f"export type {name} = {_of(model, optional)};\n" for name, model in models.items()}
    return written


def _constants() -> Iterator[tuple[str, str]]:
    """Name each constant and its value as JavaScript, in the order of the file."""
    for name in _FROM_WORDS:
        yield name, json.dumps(getattr(words, name))
    yield "MAX_HAVE", json.dumps(phone.MAX_HAVE)
    yield "MAX_TOKEN", json.dumps(phone.Hello.model_json_schema()["properties"]["token"]["maxLength"])
    attributes = light.LightWish.model_json_schema()["properties"]
    yield "ATTRIBUTES", json.dumps({name: _bounds(schema) for name, schema in attributes.items()})
    for name, value in vars(phone_rules).items():
        if isinstance(value, range):
            yield f"FIRST_{name.removesuffix('S')}", json.dumps(value.start)
            yield f"LAST_{name.removesuffix('S')}", json.dumps(value.stop - 1)
        elif name.isupper() and not hasattr(words, name):
            yield name, json.dumps(value)
    for name, shape in _PATTERNS.items():
        yield name, f"/{_pattern(TypeAdapter(shape).json_schema())}/"


def _bounds(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give the bounds of a value: of an enumeration its `values`, of an integer its `minimum` and `maximum`."""
    (value,) = (each for each in schema.get("anyOf", [schema]) if each.get("type") != "null")
    if "enum" in value:
        return {"values": value["enum"]}
    return {bound: value[bound] for bound in ("minimum", "maximum")}


def _pattern(schema: Mapping[str, Any]) -> str:
    """Write a pattern in which what the schema excludes is excluded, too."""
    pattern = str(schema["pattern"])
    excluded = schema.get("not", {}).get("pattern")
    return f"^(?!{excluded.removeprefix('^')}){pattern.removeprefix('^')}" if excluded else pattern


def _enum(enum: type[IntEnum]) -> str:
    members = "".join(f"  {member.name}: {member.value},\n" for member in enum)
    return f"export const {enum.__name__} = Object.freeze({{\n{members}}});\n"


def _union(name: str, frames: Mapping[str, Any]) -> str:
    return f"export type {name} = {' | '.join(frame.__name__ for frame in frames.values())};\n"


def _of(schema: Mapping[str, Any], optional: Optional) -> str:
    """Write a schema as a TypeScript type. Raises KeyError for a schema of a kind that no frame has yet."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema or "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        options = (option for option in schema["anyOf"] if option.get("type") != "null")
        return " | ".join(_of(option, optional) for option in options)  # what is absent is never written as null
    if schema["type"] == "array":
        return _array(schema, optional)
    if schema["type"] == "object":
        return _object(schema, optional)
    return {"integer": "number", "number": "number", "string": "string", "boolean": "boolean"}[schema["type"]]


def _array(schema: Mapping[str, Any], optional: Optional) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_of(item, optional) for item in schema['prefixItems'])}]"
    item = _of(schema["items"], optional)
    return f"({item})[]" if " | " in item else f"{item}[]"


def _object(schema: Mapping[str, Any], optional: Optional) -> str:
    if "properties" not in schema:
        (values,) = schema["patternProperties"].values()
        return f"Record<string, {_of(values, optional)}>"
    fields = (
        f"  {name}{'?' if _may_be_absent(name, field, optional) else ''}: {_of(field, optional)};\n"
        for name, field in schema["properties"].items()
    )
    return f"{{\n{''.join(fields)}}}"


def _may_be_absent(name: str, field: Mapping[str, Any], optional: Optional) -> bool:
    return name != "type" and "default" in field and (optional == "default" or field["default"] is None)
