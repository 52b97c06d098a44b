import json
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from presslight.contract.errors import ErrorCode
from presslight.contract.phone import BridgeFrame, PhoneFrame
from presslight.contract.sample import Kind, Sample, samples
from presslight.contract.shapes import BRIDGE_FRAMES, PHONE_FRAMES, UNIONS, schemas

SCHEMAS = schemas()
SAYABLE = {None, ErrorCode.INVALID, ErrorCode.UNKNOWN_TYPE}


def parsed(kind: Kind, sample: Sample) -> Any:
    text = sample.payload.decode(errors="replace")
    return text if kind == "availability" else json.loads(text)


def holds_whole_float(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(holds_whole_float, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and value.is_integer()


def holds_name_twice(payload: bytes) -> bool:
    objects: list[list[str]] = []
    json.loads(
        payload.decode(errors="replace"), object_pairs_hook=lambda pairs: objects.append([name for name, _ in pairs])
    )
    return any(len(set(names)) < len(names) for names in objects)


def subschemas(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for inner in schema for found in subschemas(inner)]
    return [schema, *subschemas(list(schema.values()))] if isinstance(schema, dict) else []


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_schema_is_a_valid_2020_12_schema(name: str) -> None:
    schema = SCHEMAS[name]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_schema_refers_only_into_itself(name: str) -> None:
    schema = SCHEMAS[name]
    for inner in subschemas(schema):
        if "$ref" in inner:
            assert inner["$ref"].removeprefix("#/$defs/") in schema["$defs"]


@pytest.mark.parametrize("kind", get_args(Kind))
def test_schema_judges_examples_as_the_models_where_it_has_the_words(kind: Kind) -> None:
    validator = Draft202012Validator(SCHEMAS[kind])
    for sample in samples(kind):
        if sample.code not in SAYABLE:
            continue
        value = parsed(kind, sample)
        if validator.is_valid(value) != (sample.code is None):
            assert sample.code is ErrorCode.INVALID, f"{sample.name}: the schema is stricter than the model"
            unsayable = holds_whole_float(value) or holds_name_twice(sample.payload) or b"\\" in sample.payload
            assert unsayable, f"{sample.name}: the schema is looser"


@pytest.mark.parametrize(("kind", "frames"), [("phone", PHONE_FRAMES), ("bridge", BRIDGE_FRAMES)])
def test_schema_of_a_frame_takes_what_the_schema_of_its_side_takes(kind: Kind, frames: dict[str, Any]) -> None:
    for sample in samples(kind):
        if sample.code is None:
            frame = json.loads(sample.payload)
            assert frame["type"] in frames
            assert Draft202012Validator(SCHEMAS[frame["type"]]).is_valid(frame), sample.name


@pytest.mark.parametrize(("union", "frames"), [(PhoneFrame, PHONE_FRAMES), (BridgeFrame, BRIDGE_FRAMES)])
def test_every_frame_has_its_schema(union: Any, frames: dict[str, Any]) -> None:
    assert set(frames.values()) == set(get_args(union))


@pytest.mark.parametrize("side", UNIONS)
def test_schema_of_a_side_tells_frames_apart_by_type(side: str) -> None:
    assert SCHEMAS[side]["discriminator"]["propertyName"] == "type"


def test_schema_of_names_refuses_every_other_name() -> None:
    closed = [inner for inner in subschemas(SCHEMAS["hello"]) if "patternProperties" in inner]
    assert [inner["additionalProperties"] for inner in closed] == [False]


@pytest.mark.parametrize(
    "command",
    [
        {"state": "ON", "key": "0123456789abcdef-7"},
        {"state": "ON", "not_after": {"boot": "89abcdef", "up": 5}},
        {"state": "ON", "if_ver": [1, 1]},
        {"state": "ON", "key": "0123456789abcdef-1073741824", "not_after": {"boot": "89abcdef", "up": 5}},
    ],
)
def test_schema_of_set_says_that_the_promises_come_together(command: dict[str, Any]) -> None:
    assert not Draft202012Validator(SCHEMAS["set"]).is_valid(command)
