import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.contract.errors import Malformed
from presslight.contract.plain import OTHER, Members, read_plain
from tests.contract import strategies
from tests.contract.reading import total


def read(payload: bytes) -> Members | Malformed:
    found: Members | Malformed = total(lambda given_bytes: read_plain(given_bytes, 4), payload)
    return found


def test_byte_in_a_string_is_kept_read_over_or_refused() -> None:
    for byte in range(256):
        found = read(b'{"x":"' + bytes([byte]) + b'"}')
        if byte < 0x20 or byte in b'\\"':
            assert isinstance(found, Malformed), byte
        else:
            assert found == [("x", chr(byte) if byte < 0x7F else OTHER)]


@pytest.mark.parametrize("letter", range(256))
def test_escape_is_read_over_where_json_has_it(letter: int) -> None:
    found = read(b'{"x":"\\' + bytes([letter]) + b' "}')
    if letter in b'"\\/bfnrt':
        assert found == [("x", OTHER)]
    else:
        assert isinstance(found, Malformed)


@given(st.dictionaries(st.text(), st.text()))
def test_text_of_any_kind_is_read_as_itself_or_over(value: dict[str, str]) -> None:
    found = read(json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass"))
    assert isinstance(found, Members)
    for (name, text), (wanted_name, wanted) in zip(found, value.items(), strict=True):
        assert name in (wanted_name, OTHER)
        assert text in (wanted, OTHER)


def test_byte_after_the_object_is_white_space_or_refused() -> None:
    for byte in range(256):
        assert isinstance(read(b"{}" + bytes([byte])), Malformed) == (byte not in b" \t\r\n")


def test_members_keep_their_order_and_their_repeats() -> None:
    assert read(b'{"b":1,"a":2,"b":[{"c":null}]}') == [("b", 1), ("a", 2), ("b", [[("c", None)]])]


@given(st.dictionaries(st.text("abc", max_size=3), st.none() | st.booleans() | st.integers(-(10**9), 10**9)))
def test_object_of_plain_values_is_read_as_json_reads_it(value: dict[str, object]) -> None:
    assert read(json.dumps(value).encode()) == list(value.items())


@given(strategies.json_values)
def test_value_that_is_no_object_is_malformed(value: object) -> None:
    assert isinstance(value, dict) or isinstance(read(json.dumps(value).encode()), Malformed)


@given(st.text('{}[]":, 1x', max_size=40))
def test_text_of_brackets_and_quotes_is_read_only_where_json_reads_it(text: str) -> None:
    try:
        expected = isinstance(json.loads(text), dict)
    except ValueError:
        expected = False
    found = read(text.encode())
    assert isinstance(found, Malformed) or expected
    if expected and text.count("[") + text.count("{") <= 4:
        assert isinstance(found, Members)


@pytest.mark.parametrize("depth", range(1, 6))
def test_depth_counts_from_the_object_itself(depth: int) -> None:
    lists = depth - 1
    payload = b'{"x":' + (b"[" * lists + b"]" * lists or b"1") + b"}"
    assert isinstance(read_plain(payload, depth), Members)
    with pytest.raises(Malformed, match="deep"):
        read_plain(payload, depth - 1)


@pytest.mark.parametrize("opening", [b"[", b'{"x":', b'[{"x":'])
def test_depth_past_pythons_own_limit_is_malformed(opening: bytes) -> None:
    assert isinstance(read(b'{"x":' + opening * (2 * sys.getrecursionlimit())), Malformed)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constant_that_is_not_json_is_malformed(constant: str) -> None:
    with pytest.raises(Malformed, match="is not JSON"):
        read_plain(f'{{"x":{constant}}}'.encode(), 4)
