import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from presslight.contract.errors import ContractError, Invalid, Malformed, TooLarge
from presslight.contract.mqtt import (
    MAX_OUTCOMES,
    MAX_REPORT_BYTES,
    MAX_SET_BYTES,
    Decision,
    Discovery,
    DiscoveryDevice,
    DiscoveryLight,
    Dropped,
    Report,
    SetCommand,
    decode_availability,
    decode_report,
    decode_set,
    encode_set,
)
from presslight.contract.words import MAX_SMALL, MAX_UP_MS, Moment, Outcome
from tests.contract import strategies
from tests.contract.reading import total

KEY = "0123456789abcdef-7"
MOMENT = Moment(boot="89abcdef", up=83_000)
LARGEST = (MAX_SMALL, MAX_SMALL)


@given(strategies.commands)
def test_set_encoded_and_decoded_is_the_same_command(command: SetCommand) -> None:
    assert decode_set(encode_set(command)) == command


@given(strategies.commands)
def test_set_as_encoded_is_plain_and_compact(command: SetCommand) -> None:
    payload = encode_set(command)
    assert len(payload) < 256
    assert payload.isascii()
    assert not set(payload) & set(b"\\ \n")
    assert b"null" not in payload


@given(
    strategies.commands,
    st.lists(st.tuples(strategies.unknown_names, strategies.json_values), max_size=3),
    st.booleans(),
    st.randoms(),
)
def test_set_with_names_we_do_not_know_means_the_same(
    command: SetCommand, unknown: list[tuple[str, Any]], ascii_only: bool, random: Random
) -> None:
    members = [*unknown, *json.loads(encode_set(command)).items()]
    random.shuffle(members)
    body = ",".join(f"{dumps(name, ascii_only)}:{dumps(value, ascii_only)}" for name, value in members)
    payload = f"{{{body}}}".encode(errors="surrogatepass")
    judged = total(decode_set, payload)
    assert judged == command or (isinstance(judged, TooLarge) and len(payload) > MAX_SET_BYTES)


def dumps(value: Any, ascii_only: bool) -> str:
    return json.dumps(value, ensure_ascii=ascii_only)


@given(strategies.json_values, st.booleans())
def test_set_off_without_a_key_is_off_whatever_its_brightness(brightness: Any, ascii_only: bool) -> None:
    payload = f'{{"state":"OFF","brightness":{dumps(brightness, ascii_only)}}}'.encode(errors="surrogatepass")
    judged = total(decode_set, payload)
    assert isinstance(judged, TooLarge) or (judged.state, judged.key) == ("OFF", None)
    keyed = payload[:-1] + f',"key":"{KEY}","not_after":{MOMENT.model_dump_json()}}}'.encode()
    if type(brightness) is not int and brightness is not None:
        assert isinstance(total(decode_set, keyed), Invalid | TooLarge)


@given(st.binary(max_size=1_100))
def test_set_of_any_bytes_is_a_command_or_refused(payload: bytes) -> None:
    assert isinstance(total(decode_set, payload), SetCommand | ContractError)


@given(st.text('{}[]":,0123456789-.eE ntrueflaskvy_', max_size=200))
def test_set_of_any_json_like_text_is_a_command_or_refused(text: str) -> None:
    assert isinstance(total(decode_set, text.encode()), SetCommand | ContractError)


@given(strategies.damaged("set"))
def test_set_that_was_damaged_is_a_command_or_refused(payload: bytes) -> None:
    judged = total(decode_set, payload)
    if isinstance(judged, SetCommand):  # an accepted one means what other readers read
        members = json.loads(payload.decode(errors="replace"))
        members = {name: value for name, value in members.items() if name in SetCommand.model_fields}
        if judged.state == "OFF" and judged.key is None:
            members["brightness"] = judged.brightness  # which any may stand beside such an OFF
        assert judged == SetCommand.model_validate_json(json.dumps(members))


@pytest.mark.parametrize(
    "payload", [b"[" * 1_024, b'{"a":' * 204, b'{"x":' + b"[" * 1_000, b"[{" * 500, b'"' + b"[" * 900]
)
def test_set_nested_too_deep_to_recurse_is_malformed(payload: bytes) -> None:
    assert isinstance(total(decode_set, payload), Malformed)


def test_set_is_judged_by_size_then_grammar_then_fields() -> None:
    broken = b'{"state":"on",'
    assert isinstance(total(decode_set, broken), Malformed)
    assert isinstance(total(decode_set, broken + b" " * MAX_SET_BYTES), TooLarge)
    assert isinstance(total(decode_set, broken + b'"x":1}'), Invalid)


def test_set_refused_says_which_name_stands_twice() -> None:
    with pytest.raises(Invalid, match="brightness stands twice"):
        decode_set(b'{"state":"ON","brightness":1,"brightness":1}')


@pytest.mark.parametrize(
    "fields", [{"key": KEY}, {"not_after": MOMENT}, {"if_ver": (1, 1)}, {"if_ver": (1, 1), "not_after": MOMENT}]
)
def test_set_command_with_half_a_promise_cannot_be_built(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"together|needs a key"):
        SetCommand(state="ON", **fields)


@pytest.mark.parametrize("many", ['"outcomes":[', '"traits":['])
def test_report_of_many_mistakes_is_refused_at_the_first(many: str) -> None:
    """To note each took the bridge 4 ms, which a light may have it do 500 times a second."""
    light = '"state":"ON","brightness":255,"boot":"00000001","up":1,"version":[1,1]'
    with pytest.raises(ValidationError) as refused:
        Report.model_validate_json(f"{{{light},{many}{'{},' * 600}{{}}]}}")
    assert refused.value.error_count() < 8


@given(strategies.reports)
def test_report_encoded_and_decoded_is_the_same(report: Report) -> None:
    assert decode_report(report.model_dump_json().encode()) == report


def test_report_with_every_field_at_its_limit_fits() -> None:
    decision = Decision(key=f"{'f' * 16}-{MAX_SMALL}", outcome=Outcome.PRECONDITION, version=LARGEST, us=MAX_SMALL)
    report = Report(
        state="OFF",
        brightness=255,
        boot="ffffffff",
        up=MAX_UP_MS,
        version=LARGEST,
        decided=MAX_SMALL,
        outcomes=(decision,) * MAX_OUTCOMES,
        traits=("t" * 32,) * 8,
        heap=MAX_SMALL,
        dropped=Dropped(retained=MAX_SMALL, malformed=MAX_SMALL, invalid=MAX_SMALL, too_large=MAX_SMALL),
        fw="f" * 32,
    )
    assert len(json.dumps(report.model_dump(mode="json")).encode()) <= MAX_REPORT_BYTES


@given(st.binary(max_size=2_100) | strategies.damaged("report"))
def test_report_of_any_bytes_is_a_report_or_refused(payload: bytes) -> None:
    assert isinstance(total(decode_report, payload), Report | ContractError)


@given(strategies.json_values)
def test_report_of_any_json_is_a_report_or_refused(value: Any) -> None:
    assert isinstance(total(decode_report, json.dumps(value).encode()), Invalid | Malformed | TooLarge)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 1_500])
@pytest.mark.parametrize("field", ["up", "brightness", "decided", "heap", "v"])
def test_report_with_a_number_that_is_none_is_invalid(field: str, number: str) -> None:
    report = {"state": "ON", "brightness": 1, "boot": "89abcdef", "up": 5, "version": [1, 1], field: "?"}
    assert isinstance(total(decode_report, json.dumps(report).replace('"?"', number).encode()), Invalid)


@given(st.binary())
def test_availability_of_any_bytes_is_a_word_or_refused(payload: bytes) -> None:
    assert total(decode_availability, payload) == payload.decode() if payload in (b"online", b"offline") else True
    assert isinstance(total(decode_availability, payload), str | Invalid)


def test_discovery_is_written_under_home_assistants_names() -> None:
    discovery = Discovery(
        dev=DiscoveryDevice(ids=("presslight-hall",), name="hall"),
        cmps={"hall": DiscoveryLight(uniq_id="presslight-hall")},
        cmd_t="a",
        stat_t="b",
        avty_t="c",
    )
    written = json.loads(discovery.model_dump_json(by_alias=True))
    assert written["cmps"]["hall"]["schema"] == "json"
    assert written["cmps"]["hall"]["name"] is None
    assert Discovery.model_validate_json(json.dumps(written)) == discovery
