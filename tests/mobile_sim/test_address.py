import pytest
from websockets.uri import parse_uri

from presslight.contract.errors import Invalid
from presslight.mobile_sim.address import BridgeAddress


@pytest.mark.parametrize(
    ("text", "socket"),
    [
        ("http://localhost:8787", "ws://localhost:8787/ws"),
        ("https://lights.example/", "wss://lights.example:443/ws"),
        ("http://lights.example", "ws://lights.example:80/ws"),
        ("http://[::1]:8787/#token=secret", "ws://[::1]:8787/ws"),
        ("HTTP://Lights.Example", "ws://lights.example:80/ws"),
        ("https://home.example/house1", "wss://home.example:443/house1/ws"),
        ("https://home.example/house1/", "wss://home.example:443/house1/ws"),
        ("https://home.example/a/b%20c/#token=secret", "wss://home.example:443/a/b%20c/ws"),
        ("https://home.example/my häuser", "wss://home.example:443/my%20h%C3%A4user/ws"),
        ("https://home.example//", "wss://home.example:443//ws"),
    ],
)
def test_socket_is_below_the_path_of_the_bridge(text: str, socket: str) -> None:
    assert BridgeAddress.parse(text).socket == socket


@pytest.mark.parametrize("zone", ["6", "25", "256", "eth0"])
def test_zone_of_an_ipv6_address_is_kept(zone: str) -> None:
    address = BridgeAddress.parse(f"http://[fe80::1%25{zone}]:8787/a%25b")
    assert parse_uri(address.socket).host == f"fe80::1%{zone}"
    assert address.socket.endswith("/a%25b/ws")
    assert BridgeAddress.parse(address.shown) == address


def test_address_for_people_has_no_token() -> None:
    address = BridgeAddress.parse("http://lights.example/house1/#token=secret")
    assert address.shown == "http://lights.example:80/house1"
    assert address.token == "secret"
    assert BridgeAddress.parse("http://lights.example/#").token == ""


@pytest.mark.parametrize(
    "text",
    [
        *("", "lights.example", "mqtt://lights.example", "ws://lights.example/ws", "wss://lights.example/ws"),
        *("http://", "http://host?x=s3cret", "http://host/?", "http://host/#s3cret", "http://host/#x=s3cret"),
        *("http://ann@host", "http://ann:s3cret@host", "http://:s3cret@host", "http://host:0", "http://host:99999"),
        *(" http://host", "http://host ", "http://ho\tst", "http://host\n", "http://host/\udcff"),
    ],
)
def test_address_of_which_a_part_would_not_count_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(Invalid, match="a bridge's address looks like") as refused:
        BridgeAddress.parse(text)
    assert "s3cret" not in str(refused.value)
