import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from presslight.contract.errors import ContractError, Invalid, Malformed, TooLarge, UnknownType
from presslight.contract.phone import MAX_FRAME_BYTES, MAX_HAVE, BridgeFrame, Hello, PhoneFrame, Ping, Press, PressBody
from presslight.contract.phone_codec import decode_bridge_frame, decode_phone_frame, decode_press_body, encode
from presslight.contract.words import MAX_SMALL
from tests.contract import strategies
from tests.contract.reading import total
from tests.contract.strategies import bridge_frames, phone_frames, press_bodies

TOKEN = "hunter2"

frame_texts = (
    st.text(max_size=300) | st.text(st.characters(codec=None), max_size=50) | strategies.json_values.map(json.dumps)
)


@given(phone_frames)
def test_phone_frame_encoded_and_decoded_is_the_same(frame: BaseModel) -> None:
    assert decode_phone_frame(encode(frame)) == frame


@given(bridge_frames)
def test_bridge_frame_encoded_and_decoded_is_the_same(frame: BaseModel) -> None:
    assert decode_bridge_frame(encode(frame)) == frame


@given(phone_frames | bridge_frames)
def test_frame_as_encoded_leaves_out_what_is_absent(frame: BaseModel) -> None:
    assert None not in json.loads(encode(frame)).values()


@given(frame_texts | st.binary(max_size=300) | strategies.damaged("phone"))
def test_phone_frame_of_any_input_is_a_frame_or_refused(text: str | bytes) -> None:
    assert isinstance(total(decode_phone_frame, text), PhoneFrame | ContractError)


@given(frame_texts | st.binary(max_size=300) | strategies.damaged("bridge"))
def test_bridge_frame_of_any_input_is_a_frame_or_refused(text: str | bytes) -> None:
    judged = total(decode_bridge_frame, text)
    assert isinstance(judged, BridgeFrame | ContractError)


@given(
    st.binary(max_size=300)
    | strategies.json_values.map(lambda value: json.dumps(value).encode())
    | strategies.damaged("press_body")
)
def test_press_body_of_any_bytes_is_a_press_or_refused(body: bytes) -> None:
    assert isinstance(total(decode_press_body, body), PressBody | ContractError)


@given(press_bodies)
def test_press_body_encoded_and_decoded_is_the_same(body: PressBody) -> None:
    assert decode_press_body(encode(body).encode()) == body


@given(
    st.sampled_from(["\ud800", "\udfff", '{"type":"ping","n":1,"\udc00":1}']),
    st.sampled_from([decode_phone_frame, decode_bridge_frame]),
)
def test_frame_with_half_a_surrogate_pair_is_malformed(text: str, decode: Any) -> None:
    assert isinstance(total(decode, text), Malformed)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1.5"])
@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"ping","n":?}',
        '{"type":"shown","key":"0123456789abcdef-7","ms":?}',
        '{"type":"press","key":"0123456789abcdef-7","light":"hall","set":{"state":"ON","brightness":?}}',
        '{"type":"press","key":"0123456789abcdef-7","light":"hall","set":{"state":"ON"},"age_ms":?}',
        '{"type":"press","key":"0123456789abcdef-7","light":"hall","set":{"state":"ON"},"if_ver":[1,?]}',
        '{"type":"hello","versions":[?],"token":"x"}',
    ],
)
def test_phone_frame_with_a_number_that_is_none_is_invalid(frame: str, number: str) -> None:
    assert isinstance(total(decode_phone_frame, frame.replace("?", number)), Invalid)


def test_phone_frame_size_is_counted_in_bytes() -> None:
    ping = '{"type":"ping","n":1}'
    assert decode_phone_frame(ping.ljust(MAX_FRAME_BYTES)) == Ping(n=1)
    for text in (ping.ljust(MAX_FRAME_BYTES + 1), "é" * (MAX_FRAME_BYTES // 2 + 1), b"\xff" * (MAX_FRAME_BYTES + 1)):
        assert isinstance(total(decode_phone_frame, text), TooLarge)


@pytest.mark.parametrize("start", ['{"type":"hello","versions":[1],"token":"x","have":{', '{"type":"ping","n":1,'])
def test_frame_of_thousands_of_mistakes_is_too_large(start: str) -> None:
    many = ",".join(f'"{number:x}":1' for number in range(1_500))
    assert isinstance(total(decode_phone_frame, f"{start}{many}}}"), TooLarge)
    assert isinstance(total(decode_press_body, f"{{{many}}}".encode()), TooLarge)


def test_longest_hello_and_press_are_not_too_large() -> None:
    have = {f"{number:032}": {"version": [MAX_SMALL, MAX_SMALL], "online": False} for number in range(MAX_HAVE)}
    hello = {"type": "hello", "versions": [1] * 16, "token": ":," * 128, "client": ":," * 32, "have": have}
    assert isinstance(decode_phone_frame(json.dumps(hello)), Hello)
    press = {
        "type": "press", "key": "0123456789abcdef-1", "light": "kitchen", "set": {"state": "ON", "brightness": 255},
        "if_ver": [1, 1], "not_after": {"boot": "00000001", "up": 1}, "patience_ms": 2_000, "age_ms": 0,
    }  # fmt: skip
    assert isinstance(decode_phone_frame(json.dumps(press)), Press)


def test_press_body_over_the_limit_is_too_large() -> None:
    assert isinstance(total(decode_press_body, b" " * (MAX_FRAME_BYTES + 1)), TooLarge)


def test_bridge_frame_may_be_larger_than_a_phones() -> None:
    assert decode_bridge_frame('{"type":"ping","n":1}'.ljust(10 * MAX_FRAME_BYTES)) == Ping(n=1)


def test_frame_of_a_type_that_only_the_other_side_sends_is_unknown() -> None:
    assert isinstance(total(decode_phone_frame, '{"type":"broker","connected":true}'), UnknownType)
    assert isinstance(total(decode_bridge_frame, '{"type":"hello"}'), UnknownType)


def test_frame_from_a_phone_refuses_a_field_we_do_not_know_and_names_it() -> None:
    with pytest.raises(Invalid, match="patience"):
        decode_phone_frame('{"type":"ping","n":1,"patience":5}')


def test_hello_shown_in_a_log_hides_the_token() -> None:
    hello = Hello(type="hello", versions=(1,), token=TOKEN)
    assert TOKEN not in repr(hello)
    assert TOKEN not in str(hello)


@pytest.mark.parametrize("field", ["versions", "client", "have", "more"])
def test_hello_refused_hides_the_token_in_the_error(field: str) -> None:
    refused = total(decode_phone_frame, json.dumps({"type": "hello", "versions": [1], "token": TOKEN, field: 5}))
    assert isinstance(refused, Invalid)
    assert TOKEN not in str(refused)


def test_hello_with_a_token_too_long_hides_it_in_the_error() -> None:
    refused = total(decode_phone_frame, json.dumps({"type": "hello", "versions": [1], "token": TOKEN * 50}))
    assert isinstance(refused, Invalid)
    assert TOKEN not in str(refused)
