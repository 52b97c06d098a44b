import base64

import pytest

from presslight.cloud.websocket.early_hello import early_hello

HELLO = '{"type":"hello","versions":[1],"token":"a?>~"}'


def named(text: str) -> str:
    return "presslight.hello." + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("spaces", range(4))
def test_hello_is_read_whatever_its_length(spaces: int) -> None:
    assert early_hello(["presslight", named(HELLO + " " * spaces)]) == HELLO + " " * spaces


@pytest.mark.parametrize("offered", [[], ["presslight"], ["chat", "hello.e30"]])
def test_handshake_of_who_will_say_hello_by_a_frame_holds_none(offered: list[str]) -> None:
    assert early_hello(offered) is None


@pytest.mark.parametrize("spoilt", ["", "a", "e30=x", "e3 0", "\u00e9", "_-_-"])
def test_spoilt_hello_is_no_good_frame(spoilt: str) -> None:
    assert early_hello([f"presslight.hello.{spoilt}"]) == ""


def test_first_hello_counts() -> None:
    assert early_hello([named("{}"), named(HELLO)]) == "{}"
