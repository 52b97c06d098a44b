import base64
import hashlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.telemetry.tracebacks import HIDDEN, LONGEST, ExcInfo, place_of, traceback_text


def failed(words: str, depth: int = 0) -> ExcInfo:
    """An exception with these words, out of a function whose variables hold them, too."""

    def fail(secret: str, left: int) -> None:
        if left:
            fail(secret, left - 1)
        raise RuntimeError(secret)

    with pytest.raises(RuntimeError) as caught:
        fail(words, depth)
    return (caught.type, caught.value, caught.tb)


def test_traceback_names_what_failed_and_where() -> None:
    text = traceback_text(failed("a defect"))
    assert text.startswith("Traceback (most recent call last):\n")
    assert f'File "{__file__}"' in text
    assert text.endswith("RuntimeError: a defect")


@pytest.mark.parametrize("random_bytes", [18, 32], ids=["password", "token"])
def test_secret_that_an_exception_names_is_not_shown(random_bytes: int) -> None:
    digests = [hashlib.sha256(str(number).encode()).digest() for number in range(1_000)]
    for digest in digests:
        secret = base64.urlsafe_b64encode(digest[:random_bytes]).decode().rstrip("=")
        text = traceback_text(failed(f"no {secret!r} in Bearer {secret}"))
        assert text.endswith(f"RuntimeError: no '{HIDDEN}' in Bearer {HIDDEN}")


@pytest.mark.parametrize("random_bytes", [16, 32])
def test_secret_in_hex_is_not_shown(random_bytes: int) -> None:
    for number in range(1_000):
        secret = hashlib.sha256(str(number).encode()).digest()[:random_bytes].hex()
        assert traceback_text(failed(f"Bearer {secret}")).endswith(f"RuntimeError: Bearer {HIDDEN}")


@pytest.mark.parametrize(
    "name", ["PydanticSerializationError", "test_names_of_functions_are_shown", "x" * 40, "F" * 40]
)
def test_what_is_no_secret_is_shown(name: str) -> None:
    assert traceback_text(failed(name)).endswith(f"RuntimeError: {name}")


def test_key_of_a_press_is_shown() -> None:
    assert "0123456789abcdef-1073741823" in traceback_text(failed("0123456789abcdef-1073741823"))


def test_traceback_of_a_deep_failure_is_short() -> None:
    assert len(traceback_text(failed("x" * 100_000, sys.getrecursionlimit() // 2))) <= LONGEST


def test_no_end_of_a_secret_is_shown_where_a_long_traceback_is_cut() -> None:
    secret = "kT9vQ2mZr7XcB4nL8pWd3sFy6HgJ1aEu"
    shown = [traceback_text(failed(f"{secret} {'x' * more}")) for more in range(LONGEST - 40, LONGEST)]
    assert {len(text) for text in shown} == {LONGEST}
    assert [text for text in shown if secret[-5:] in text] == []


@given(st.text(), st.integers(0, 30))
def test_any_words_can_be_shown(words: str, depth: int) -> None:
    traceback_text(failed(words, depth)).encode("utf-8", "backslashreplace")


def test_place_is_the_innermost_line() -> None:
    one, other = failed("a")[1], failed("b", 3)[1]
    assert place_of(one) == place_of(other)
    assert place_of(one)[:2] == (RuntimeError, __file__)
    assert place_of(ValueError()) == (ValueError, "", 0)
