"""The reader of plain JSON by itself; `test_command.py` holds it to the contract."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamp.plain import MAX_DEPTH, MAX_DIGITS, OTHER, Malformed, Plain


def read(text: str) -> object:
    """One value and nothing after it."""
    plain = Plain()
    plain.open(memoryview(text.encode("latin-1")), 0, len(text))
    value = plain.value()
    plain.close()
    return value


@given(st.none() | st.booleans() | st.integers(-(10**13) + 1, 10**13 - 1) | st.text("abc {}[],:", max_size=9))
def test_simple_value_is_read_as_json_reads_it(value: object) -> None:
    found = read(json.dumps(value))
    assert (found, type(found)) == (value, type(value))


@given(st.tuples(st.integers(0, 9), st.none() | st.booleans() | st.text("ab", max_size=3)))
def test_pair_is_read_as_a_tuple(pair: tuple[object, object]) -> None:
    assert read(json.dumps(pair)) == pair


OTHERS = (
    *("1.5", "1e3", "[]", "[1]", "[1,2,3]", "{}", '{"a":1}', "9" * (MAX_DIGITS + 1)),
    *('"é"', '"\x7f"', r'"\u00e9"', r'"\\"', r'"\""', '[{"é":[[]]},[],1]', '{"a":[{"b":[],"c":{}}],"d":{"e":[1]}}'),
)


@pytest.mark.parametrize("text", OTHERS)
def test_value_of_no_field_is_read_over(text: str) -> None:
    assert read(f" {text} ") is OTHER


NO_JSON = (
    *("", " ", "nul", "True", "1 2", "[1,]", "[,]", "{1:2}", '{"a"}', '{"a":}', "-", "00", "\x00"),
    *("[[]", "[[}", '{"a":[}', "[[],]", '{"a":{},}', "[[]]]", '{"a":[1}', "[,[]]", "[{]}", "{[]:1}", '{"a":{}"b":1}'),
    *(r'"\x"', r'"\u12"', r'"\u12g4"', '"\\', '"\\"', r'"\u1234', '"\n"'),
)


@pytest.mark.parametrize("text", NO_JSON)
def test_text_that_is_no_json_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        read(text)


@pytest.mark.parametrize(("depth", "is_good"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False), (500, False)])
def test_depth_is_bounded_and_never_recurses_far(depth: int, is_good: bool) -> None:
    text = "[" * depth + "]" * depth
    if is_good:
        assert read(text) is OTHER
    else:
        with pytest.raises(Malformed):
            read(text)


def test_nothing_outside_the_region_is_read() -> None:
    plain = Plain()
    plain.open(memoryview(b'"ab"12345'), 1, 2)
    with pytest.raises(Malformed):
        plain.value()
    plain.open(memoryview(b"12345"), 1, 3)
    assert plain.value() == 23
