"""The light judges a set message as `decode_set` of contract/mqtt.py does, on CPython and on MicroPython."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamp import command
from presslight.contract.errors import ErrorCode, Invalid, Malformed, TooLarge
from presslight.contract.mqtt import MAX_SET_BYTES, SetCommand, decode_set, encode_set
from presslight.contract.sample import Sample, samples
from tests.contract import strategies
from tests.firmware.conftest import Both

VERDICTS = {
    None: command.VALID,
    ErrorCode.MALFORMED: command.MALFORMED,
    ErrorCode.INVALID: command.INVALID,
    ErrorCode.TOO_LARGE: command.TOO_LARGE,
}
KEY = "0123456789abcdef-77"
TRICKY = [
    *("1", "0", "-0", "01", "-1", "+1", "1.0", "1e2", "1E+2", "1.", ".5", "-", "255", "256"),
    *("1073741823", "1073741824"),
    *("9999999999999", "10000000000000", "9" * 30, "NaN", "Infinity", "true", "false", "null", "nul", "nulll", "", "x"),
    *('"ON"', '"OFF"', '"on"', '"0123abcd"', '"0123ABCD"', f'"{KEY}"', '"0123456789abcdef-0"', '"0123456789abcdef-01"'),
    *('"0123456789abcdef-1073741823"', '"0123456789abcdef-1073741824"', '"0123456789abcdeg-1"', '"ON', '"O\\u004e"'),
    *("[]", "[1]", "[1,2]", "[1,2,3]", "[1, 1073741824]", "[true,1]", "[[1,2]]", "[1 2]", "[1,]", "{}"),
    *(
        "[[[]]]",
        "[" * 23 + "]" * 23,
        "[" * 24 + "]" * 24,
        '[{"a":[]},{"":{}}]',
        '{"a":{"b":[1,{}]},"c":[]}',
        "[{]",
        "[[1,]]",
    ),
    *('"é"', r'"\u00e9"', r'"\""', r'"\\"', r'"\"', r'"\x"', r'"\u12"', r'"O\u0046F"'),
    *('{"boot":"0123abcd","up":9}', '{"boot":"0123abcd","up":9,"up":9}', '{"up":-0,"boot":"0123abcd","x":[1]}'),
    *('{"boot":"0123abcd"}', '{"boot":null,"up":1}', '{"boot":"0123abcd","up":9.0}', '{"boot":"0123abcd","up":9,}'),
]
names = st.sampled_from(
    [
        "state",
        "brightness",
        "v",
        "key",
        "not_after",
        "if_ver",
        "boot",
        "up",
        "x",
        "",
        "sta te",
        "é",
        r"st\u0061te",
        r"\"",
    ]
)
members = st.tuples(names, st.sampled_from(TRICKY))
spaces = st.sampled_from(["", "", "", " ", "\n\t\r"])


@st.composite
def nearly(draw: st.DrawFn) -> bytes:
    """A message put together of good and tricky members, maybe repeated, maybe badly joined."""
    state = draw(st.sampled_from(['"ON"', '"OFF"']))
    good = [("state", state), ("key", f'"{KEY}"'), ("not_after", '{"boot":"0123abcd","up":9}')]
    chosen = draw(st.permutations([*draw(st.lists(st.sampled_from(good))), *draw(st.lists(members, max_size=3))]))
    space = draw(spaces)
    comma = draw(st.sampled_from([",", ",", ",", ",,", " , "]))
    body = comma.join(f'{space}"{name}"{space}:{space}{value}{space}' for name, value in chosen)
    return (space + "{" + body + "}" + space + draw(st.sampled_from(["", "", "", "}", "x", "\0"]))).encode()


def judged_by_contract(payload: bytes) -> list[Any]:
    """What `judged_by_light` shall give."""
    try:
        wanted = decode_set(payload)
    except (Malformed, Invalid, TooLarge) as error:
        return [VERDICTS[error.code]]
    moment = wanted.not_after.model_dump() if wanted.not_after else None
    if_ver = list(wanted.if_ver) if wanted.if_ver else None
    return [command.VALID, wanted.key, wanted.state == "ON", wanted.brightness or 0, moment, if_ver]


def judged_by_light(both: Both, payload: bytes) -> list[Any]:
    [[verdict, origin, number, *fields]] = both("command", [payload.hex()])
    if verdict != command.VALID:
        return [verdict]
    if not origin:
        return [verdict, None, *fields, None, None]
    is_on, brightness, boot, until, if_ver = fields
    return [verdict, f"{origin}-{number}", is_on, brightness, {"boot": boot, "up": until}, if_ver]


@pytest.mark.parametrize("sample", samples("set"), ids=lambda sample: sample.name)
def test_example_of_the_contract_is_judged_as_stated(both: Both, sample: Sample) -> None:
    [[verdict, origin, number, *_]] = both("command", [sample.payload.hex()])
    assert verdict == VERDICTS[sample.code]
    assert judged_by_light(both, sample.payload) == judged_by_contract(sample.payload)
    if sample.code:
        assert (f"{origin}-{number}" if origin else None) == sample.key


@settings(max_examples=10 * settings().max_examples)
@given(strategies.damaged("set"))
def test_damaged_example_is_judged_as_by_the_contract(both: Both, payload: bytes) -> None:
    assert judged_by_light(both, payload) == judged_by_contract(payload)


@settings(max_examples=10 * settings().max_examples)
@given(nearly())
def test_nearly_good_message_is_judged_as_by_the_contract(both: Both, payload: bytes) -> None:
    assert judged_by_light(both, payload) == judged_by_contract(payload)


@given(st.binary(max_size=40))
def test_any_bytes_are_judged_as_by_the_contract(both: Both, payload: bytes) -> None:
    assert judged_by_light(both, payload) == judged_by_contract(payload)


@given(st.sampled_from(TRICKY), names)
def test_tricky_value_of_each_name_is_judged_as_by_the_contract(both: Both, value: str, name: str) -> None:
    good = f'{{"state":"ON","key":"{KEY}","not_after":{{"boot":"0123abcd","up":9}},"{name}":{value}}}'
    assert judged_by_light(both, good.encode()) == judged_by_contract(good.encode())


def test_longest_message_is_read_and_one_byte_more_is_not(both: Both) -> None:
    longest = b'{"state":"ON"' + b" " * (MAX_SET_BYTES - 14) + b"}"
    assert judged_by_light(both, longest)[0] == command.VALID
    assert judged_by_light(both, longest + b" ") == [command.TOO_LARGE]


def test_key_is_said_where_only_another_field_is_bad(both: Both) -> None:
    bad = f'{{"state":"GLOW","key":"{KEY}","not_after":{{"boot":"0123abcd","up":9}}}}'.encode()
    assert both("command", [bad.hex()]) == [[command.INVALID, "0123456789abcdef", 77]]


def test_key_that_stands_twice_is_none(both: Both) -> None:
    bad = f'{{"state":"ON","key":"{KEY}","key":"{KEY}"}}'.encode()
    assert both("command", [bad.hex()]) == [[command.INVALID, "", 0]]


@given(st.lists(st.sampled_from([sample.payload for sample in samples("set")]), min_size=2, max_size=6))
def test_nothing_of_an_earlier_message_remains(both: Both, payloads: list[bytes]) -> None:
    assert both("command", [payload.hex() for payload in payloads])[-1:] == both("command", [payloads[-1].hex()])


@given(strategies.commands)
def test_command_of_the_bridge_is_read_as_it_was_meant(both: Both, wanted: SetCommand) -> None:
    payload = encode_set(wanted)
    assert judged_by_light(both, payload) == judged_by_contract(payload)


def test_message_after_one_with_a_member_twice_is_judged_for_itself() -> None:
    heard = command.Command()
    texts = (b'{"state":"ON","state":"ON"}', b'{"state":"ON"}')
    verdicts = [heard.read(memoryview(text), 0, len(text)) for text in texts]
    assert verdicts == [command.INVALID, command.VALID]
