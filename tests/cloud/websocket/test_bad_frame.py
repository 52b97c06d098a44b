import pytest

from presslight.cloud.websocket.bad_frame import is_hello, key_of


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"key":"0123456789abcdef-1"}', "0123456789abcdef-1"),
        ('{"key":"0123456789abcdef-1","more":', None),
        ('{"key":"0123456789abcdef-1073741824"}', None),
        ('{"key":"a-1"}', None),
        (r'{"key":"\ud800"}', None),
        ('{"key":7}', None),
        ('{"key":"0123456789abcdef-1","key":"0123456789abcdef-2"}', None),
        (r'{"key":"0123456789abcdef-1","k\u0065y":"0123456789abcdef-1"}', None),
        ('{"key":"0123456789abcdef-1","light":"a","light":"b"}', "0123456789abcdef-1"),
        ('{"key":"' + "x" * 65 + '"}', None),
        ("[1]", None),
        ("", None),
        ("[" * 100_000, None),
        ('{"key":' * 100_000, None),
    ],
)
def test_key_is_read_where_there_is_one(text: str, key: str | None) -> None:
    assert key_of(text) == key


def test_hello_is_known_by_its_type() -> None:
    assert is_hello('{"type":"hello","versions":"?"}')
    assert not is_hello('{"type":"press"}')
    assert not is_hello("hello")
