import pytest

from cloud.scraps import is_hello, key_of


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"key":"a-1","more":', None),
        ('{"key":"a-1"}', "a-1"),
        ('{"key":7}', None),
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
