"""MQTT payloads: what bridge and light say to each other, as Home Assistant's JSON light schema plus our fields.

A light reads JSON byte by byte without allocating, and every reader of the contract must judge a message alike:
`presslight.contract.plain` states how it is read.
"""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, FailFast, Field, JsonValue, ValidationError, WithJsonSchema, model_validator

from presslight.contract.errors import Invalid, TooLarge, refusal
from presslight.contract.light import Brightness, LightState, LightWish, Trait
from presslight.contract.plain import Members, read_plain
from presslight.contract.words import (
    WIRE_VERSION,
    BootId,
    Counter,
    Key,
    LightId,
    Moment,
    OpenWord,
    Outcome,
    Up,
    Version,
    Wire,
    WireVersion,
)

MAX_SET_BYTES = 1_024
MAX_SET_DEPTH = 24
MAX_REPORT_BYTES = 2_048
MAX_OUTCOMES = 8

Availability = Literal["online", "offline"]


_BRIGHTNESS: JsonValue = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 255}, {"type": "null"}]}
_NO_PROMISE: dict[str, JsonValue] = {name: {"type": "null"} for name in ("key", "not_after", "if_ver")}
_AS_LIGHTS_JUDGE: dict[str, JsonValue] = {
    "anyOf": [
        {
            "required": ["key", "not_after"],
            "properties": {"key": {"type": "string"}, "not_after": {"type": "object"}, "brightness": _BRIGHTNESS},
        },
        {"properties": _NO_PROMISE | {"brightness": _BRIGHTNESS}},
        {"properties": _NO_PROMISE | {"state": {"const": "OFF"}}},
    ]
}
"""All promises or none; and a brightness of ours, but beside an OFF without promises."""

_TWICE = object()


class SetCommand(LightWish, Wire):
    """Bridge → light on `topics.SET`: what the light shall be, in absolute values.

    With `key` and `not_after` it acts at most once and never late. Without either (Home Assistant, a script) it is
    idempotent by value and gets no promise beyond that. `if_ver`: act only if the light's version is exactly this.
    `state: ON` without `brightness` means as bright as it was. OFF without promises is OFF, whatever its brightness.
    """

    model_config = ConfigDict(json_schema_extra=_AS_LIGHTS_JUDGE)

    brightness: Annotated[Brightness | None, WithJsonSchema({})] = None
    v: WireVersion | None = None
    key: Key | None = None
    not_after: Moment | None = None
    if_ver: Version | None = None

    @model_validator(mode="after")
    def _promises_come_together(self) -> Self:
        if (self.key is None) != (self.not_after is None):
            message = "key and not_after come together"
            raise ValueError(message)
        if self.if_ver is not None and self.key is None:
            message = "if_ver needs a key"
            raise ValueError(message)
        return self


class Decision(Wire):
    """A light's decision about one key. `us`: from the message read to the output changed, in µs, if applied."""

    key: Key
    outcome: Outcome
    version: Version
    us: Counter = 0


class Cause(Wire):
    """The cause of the version that a light shows, at `up` on its clock.

    `press`: a message with a key, which is `key`. `command`: one without (Home Assistant, a script). `button`: its own.
    `start`: its boot. Another word is a newer firmware's.
    """

    by: OpenWord
    key: Key | None = None
    up: Up


class Dropped(Wire):
    """How many messages the light dropped in this boot, by cause. Each count stops at 2**30-1."""

    retained: Counter = 0
    malformed: Counter = 0
    invalid: Counter = 0
    too_large: Counter = 0


class Report(LightState, Wire):
    """Light → all on `topics.STATE`, retained, after each decision, each change, each connect and every 10 s.

    `state`, `brightness`, `color_mode`: Home Assistant's. `boot`, `up`: the light's clock when it made the report.
    `version`: of the state shown; `cause`: what brought it about, where the firmware tells. `decided`: how many answers
    it has given in this boot, repeated ones included; `outcomes`: the newest of them, oldest first, so a reader whose
    last `decided` is not more than len(outcomes) behind has missed none.
    `heap`: live bytes of the MicroPython heap after a collection. `fw`: the firmware's version.
    `date`: where its TLS needs one, what the light has it from: the day it was `flashed`, one that it `kept` through a
    boot, or the `network`. It is told on each connect and every 10 s, not with answers, for which somebody waits.
    `degraded`: what of the light does not work as it should, `flash` where that refuses writes or lost a record: after
    a power cut the light may be as it was longer ago, and its epoch one that it has told before.
    """

    color_mode: OpenWord = "brightness"
    v: WireVersion = WIRE_VERSION
    boot: BootId
    up: Up
    version: Version
    cause: Cause | None = None
    decided: Counter = 0
    outcomes: Annotated[tuple[Decision, ...], FailFast(), Field(max_length=MAX_OUTCOMES)] = ()
    traits: Annotated[tuple[Trait, ...], FailFast(), Field(max_length=8)] = ("brightness",)
    heap: Counter = 0
    dropped: Dropped = Dropped()
    fw: Annotated[str, Field(max_length=32)] = ""
    date: OpenWord | None = None
    degraded: Annotated[str, Field(max_length=32)] = ""


class DiscoveryDevice(Wire):
    """Home Assistant's `dev`: one device."""

    ids: Annotated[tuple[str, ...], Field(min_length=1, max_length=4)]
    name: Annotated[str, Field(max_length=64)]
    mf: str = "presslight"
    mdl: str = "lamp"
    sw: str = ""


class DiscoveryOrigin(Wire):
    """Home Assistant's `o`: who wrote the discovery message."""

    name: Literal["presslight"] = "presslight"
    sw: str = ""


class DiscoveryLight(Wire):
    """Home Assistant's component of platform `light`, JSON schema. `flash`, `transition`: from its 2025.5 on."""

    p: Literal["light"] = "light"
    schema_: Annotated[Literal["json"], Field(alias="schema")] = "json"
    uniq_id: str
    name: None = None
    brightness: bool = True
    flash: bool = False
    transition: bool = False
    sup_clrm: Annotated[tuple[Literal["brightness", "onoff"], ...], Field(min_length=1)] = ("brightness",)


class Discovery(Wire):
    """Light → Home Assistant on `topics.DISCOVERY`, retained: device-based discovery; topics shared at the root."""

    dev: DiscoveryDevice
    o: DiscoveryOrigin = DiscoveryOrigin()
    cmps: dict[LightId, DiscoveryLight]
    cmd_t: str
    stat_t: str
    avty_t: str
    qos: Annotated[int, Field(ge=0, le=1)] = 0


def decode_set(payload: bytes) -> SetCommand:
    """Judge a set message exactly as a light does: plain JSON (`presslight.contract.plain`) of at most 1,024 bytes.

    Whole numbers are written without fraction and exponent; `-0` is 0. `null` is as good as absent for the optional
    fields. Names we do not know are skipped, whatever they hold; one that we know must not stand twice. Without a key
    OFF is OFF: a brightness beside it that is none is as good as absent.

    Raises TooLarge, Malformed (grammar, wherever it breaks) or Invalid (fields), in this order.
    """
    if len(payload) > MAX_SET_BYTES:
        raise TooLarge(f"{len(payload)} bytes, {MAX_SET_BYTES} allowed")
    members = _fields(read_plain(payload, MAX_SET_DEPTH), SetCommand)
    moment = members.get("not_after")
    if isinstance(moment, Members):
        members["not_after"] = _once(_fields(moment, Moment))
    if members.get("state") == "OFF" and members.get("key") is None:
        members["brightness"] = _brightness(members.get("brightness"))
    try:
        return SetCommand.model_validate_json(json.dumps(_once(members)))
    except ValidationError as error:
        raise refusal(error) from None


def encode_set(command: SetCommand) -> bytes:
    """Write a set message as the bridge sends it: compact, absent fields left out."""
    return command.model_dump_json(exclude_none=True).encode()


def decode_report(payload: bytes) -> Report:
    """Read a light's report. Raises TooLarge, Malformed or Invalid."""
    if len(payload) > MAX_REPORT_BYTES:
        raise TooLarge(f"{len(payload)} bytes, {MAX_REPORT_BYTES} allowed")
    try:
        return Report.model_validate_json(payload)
    except ValidationError as error:
        raise refusal(error) from None


def decode_availability(payload: bytes) -> Availability:
    """Read a light's availability. Raises Invalid on anything but `online` and `offline`."""
    if payload == b"online":
        return "online"
    if payload == b"offline":
        return "offline"
    raise Invalid(f"availability is {payload[:16]!r}")


def _fields(members: Members, model: type[Wire]) -> dict[str, Any]:
    """Pick the model's; the value of one that stands twice is _TWICE."""
    names = [name for name, _ in members]
    ours = ((name, value) for name, value in members if name in model.model_fields)
    return {name: value if names.count(name) == 1 else _TWICE for name, value in ours}


def _once(fields: dict[str, Any]) -> dict[str, Any]:
    twice = next((name for name, value in fields.items() if value is _TWICE), None)
    if twice:
        raise Invalid(f"{twice} stands twice")
    return fields


def _brightness(value: object) -> int | None:
    return value if type(value) is int and 1 <= value <= 255 else None
