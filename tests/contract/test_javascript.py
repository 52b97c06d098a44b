import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from presslight.contract import phone, phone_rules, words
from presslight.contract.errors import CloseCode
from presslight.contract.javascript import constants, types
from presslight.contract.shapes import BRIDGE_FRAMES, PHONE_FRAMES

CONSTANTS = dict(re.findall(r"^export const (\w+) = (.*);$", constants(), re.MULTILINE))


def members(of: str) -> dict[str, str]:
    """The fields of an exported type, with `?` behind the name where they may be absent."""
    (body,) = re.findall(rf"^export type {of} = \{{\n(.*?)^\}};$", types(), re.MULTILINE | re.DOTALL)
    return dict(re.findall(r"^  (\w+\??): (.*);$", body, re.MULTILINE))


def rules() -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in vars(phone_rules).items() if name.isupper() and name in CONSTANTS)


def test_every_rule_is_written() -> None:
    written = dict(rules())
    assert {"HEDGE_MS", "BACKOFF_CAP_MS", "DOUBT_MS", "RTT_SMOOTHING", "DRIFT"} <= written.keys()
    assert {name: json.loads(CONSTANTS[name]) for name in written} == written


def test_bounds_of_the_wire_are_written() -> None:
    wanted = {"MAX_SMALL": words.MAX_SMALL, "MAX_UP_MS": words.MAX_UP_MS, "MAX_HAVE": phone.MAX_HAVE}
    assert {name: json.loads(CONSTANTS[name]) for name in wanted} == wanted
    assert CONSTANTS["MAX_TOKEN"] == "256"
    assert json.loads(CONSTANTS["ATTRIBUTES"]) == {
        "state": {"values": ["ON", "OFF"]},
        "brightness": {"minimum": 1, "maximum": 255},
    }


def test_range_is_written_as_its_ends() -> None:
    assert (CONSTANTS["FIRST_FINAL_CLOSE_CODE"], CONSTANTS["LAST_FINAL_CLOSE_CODE"]) == ("4100", "4199")
    assert all(code.reconnect != (code in phone_rules.FINAL_CLOSE_CODES) for code in CloseCode)


@pytest.mark.parametrize(
    ("name", "shape", "texts"),
    [
        (
            "KEY_PATTERN",
            words.Key,
            ["0" * 16 + "-1", "0" * 16 + "-0", "0" * 16 + "-1073741823", "0" * 16 + "-1073741824"],
        ),
        ("LIGHT_PATTERN", words.LightId, ["hall", "bridge", "bridge-2", "bridges", "homeassistant", "-", "a" * 33]),
        ("BOOT_PATTERN", words.BootId, ["0badcafe", "0BADCAFE", "0badcafe0"]),
    ],
)
def test_pattern_judges_as_the_model_does(name: str, shape: Any, texts: list[str]) -> None:
    model = TypeAdapter(shape)

    def is_taken(text: str) -> bool:
        try:
            model.validate_python(text)
        except ValueError:
            return False
        return True

    pattern = re.compile(CONSTANTS[name].strip("/"))
    assert {text: bool(pattern.search(text)) for text in texts} == {text: is_taken(text) for text in texts}


@pytest.mark.parametrize("frame", [*PHONE_FRAMES.values(), *BRIDGE_FRAMES.values(), words.Moment])
def test_type_of_a_frame_has_its_fields(frame: type[BaseModel]) -> None:
    assert {name.removesuffix("?") for name in members(frame.__name__)} == set(frame.model_fields)


def test_field_may_be_absent_where_a_reader_has_to_expect_it() -> None:
    assert {"patience_ms?", "not_after?", "key"} <= members("Press").keys()
    assert {"age_ms", "change?", "line?"} <= members("View").keys()


def test_value_of_a_field_is_written_as_a_type() -> None:
    assert members("View")["version"] == "[number, number]"
    assert members("Hello")["have?"] == "Record<string, Have>"
    assert members("LightGone") == {"type": '"gone"', "light": "string"}
