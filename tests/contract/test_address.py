import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from presslight.contract.address import BrokerAddress
from presslight.contract.errors import Invalid

SECRET = "hunter2"
ODD = "/?#@:%[]&=+;, \t\n\"'\\äß€💡"

hosts = st.sampled_from(
    [
        "localhost",
        "127.0.0.1",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fe80::1%6",
        "fe80::1%25",
        "fe80::1%256",
        "broker.example",
    ]
)
texts = st.text(st.sampled_from(ODD + "abc019"), min_size=1) | st.text(min_size=1)
odd_secrets = st.builds("{}{}{}".format, st.text(st.sampled_from(ODD)), st.just(SECRET), st.text(st.sampled_from(ODD)))
users = st.none() | st.tuples(texts, st.none() | st.just("") | texts)


def address(password: str = SECRET) -> BrokerAddress:
    return BrokerAddress(host="host", port=1883, username="kitchen", password=SecretStr(password))


def parse(url: str) -> BrokerAddress | str:
    """Read a URL; gives all that a log would hold of its refusal."""
    try:
        return BrokerAddress.parse(url)
    except Invalid as error:
        return "".join(traceback.format_exception(error))


@given(hosts, st.integers(1, 65_535), users, st.booleans())
def test_url_read_again_is_the_same_address(
    host: str, port: int, user: tuple[str, str | None] | None, tls: bool
) -> None:
    name, password = user or (None, None)
    secret = None if password is None else SecretStr(password)
    given_address = BrokerAddress(host=host, port=port, username=name, password=secret, tls=tls)
    assert BrokerAddress.parse(given_address.url()) == given_address


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("mqtt://host", 1883, False),
        ("mqtts://host", 8883, True),
        ("mqtt://host:1", 1, False),
        ("mqtts://host:65535/", 65_535, True),
    ],
)
def test_parse_fills_in_the_port_of_the_scheme(url: str, port: int, tls: bool) -> None:
    assert BrokerAddress.parse(url) == BrokerAddress(host="host", port=port, tls=tls)


@pytest.mark.parametrize("url", ["mqtt://host/home", "mqtt://host?x=1", "mqtt://host#x", "mqtt://user:12#x@host"])
def test_parse_refuses_what_follows_the_port(url: str) -> None:
    with pytest.raises(Invalid):
        BrokerAddress.parse(url)


@pytest.mark.parametrize(
    "url",
    [
        *("mqtt://host?", "mqtt://host#", "mqtt://host//", "mqtt://host/?", "mqtt://@host", "mqtt://:@host"),
        *("mqtt://kitchen:50%hunter2@host", "mqtt://kitchen:hunter2%ab@host", "mqtt://kitchen:hunter2%@host"),
        *("mqtt://k%itchen:hunter2@host", "mqtt://kitchen:hunter2@h%6fst", "mqtt://kitchen:hunter2@host\t"),
        *("\nmqtt://kitchen:hunter2@host", " mqtt://kitchen:hunter2@host", "mqtt://kitchen:hunter2@host "),
        *("mqtt://kitchen:hunter2@[host]", "mqtt://kitchen:hunter2@[::1%]", "mqtt://kitchen:hunter2@stra\u00dfe.de"),
    ],
)
def test_parse_refuses_in_one_line_what_it_would_have_to_drop_or_guess(url: str) -> None:
    said = parse(url)
    assert isinstance(said, str)
    assert SECRET not in said


@pytest.mark.parametrize(
    ("url", "user", "password"),
    [
        ("mqtt://kitchen@host", "kitchen", None),
        ("mqtt://kitchen:@host", "kitchen", ""),
        ("mqtt://kit%20chen:50%25ab@host", "kit chen", "50%ab"),
        ("mqtt://kitchen:a+b\tc d@host", "kitchen", "a+b\tc d"),
        ("mqtt://kitchen:p%C3%A4ss@host", "kitchen", "päss"),
        ("mqtt://ann@home:p@ss:word@host", "ann@home", "p@ss:word"),
    ],
)
def test_parse_takes_user_and_password_as_they_are_written(url: str, user: str, password: str | None) -> None:
    address = BrokerAddress.parse(url)
    assert address.username == user
    assert (address.password.get_secret_value() if address.password is not None else None) == password


@pytest.mark.parametrize("host", ["fe80::1%eth0", "fe80::1%25eth0"])
def test_parse_takes_the_zone_of_an_ipv6_address_as_systems_do(host: str) -> None:
    assert BrokerAddress.parse(f"mqtt://[{host}]:1883").host == "fe80::1%eth0"


@pytest.mark.parametrize(
    "url", ["", "host", "host:1883", "http://host", "mqtt://", "mqtt://:1883", "mqtt://user@", "mqtt://:pw@host"]
)
def test_parse_refuses_what_names_no_broker(url: str) -> None:
    with pytest.raises(Invalid, match="looks like mqtt://"):
        BrokerAddress.parse(url)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x", "1e3", "18 83"])
def test_parse_refuses_a_port_that_cannot_be(port: str) -> None:
    with pytest.raises(Invalid):
        BrokerAddress.parse(f"mqtt://host:{port}")


@given(st.text() | st.text().map("mqtt://{}".format))
def test_parse_of_any_text_gives_an_address_or_invalid(text: str) -> None:
    parsed = parse(text)
    assert parsed.host if isinstance(parsed, BrokerAddress) else "looks like mqtt://" in parsed


@given(odd_secrets)
def test_parse_of_a_password_as_typed_never_takes_it_for_the_host(password: str) -> None:
    parsed = parse(f"mqtt://kitchen:{password}@host")
    assert parsed.host == "host" if isinstance(parsed, BrokerAddress) else SECRET not in parsed


@given(odd_secrets)
def test_address_shown_or_logged_hides_the_password(password: str) -> None:
    shown = address(password)
    for text in (repr(shown), str(shown), f"{shown}", shown.model_dump_json(), str(shown.model_dump())):
        assert SECRET not in text


def test_address_built_wrongly_hides_the_password_in_the_error() -> None:
    with pytest.raises(ValidationError) as caught:
        BrokerAddress.model_validate({"host": "", "port": 0, "username": "kitchen", "password": SECRET})
    assert SECRET not in str(caught.value)


def test_signed_in_as_changes_only_the_user() -> None:
    plain = BrokerAddress(host="host", port=8883, tls=True, ca_file="ca.pem")
    signed = plain.signed_in_as("kitchen", SECRET)
    assert signed.url() == f"mqtts://kitchen:{SECRET}@host:8883"
    assert signed.ca_file == "ca.pem"
    assert plain.username is None
    assert SECRET not in repr(signed)


def test_parse_keeps_the_file_of_the_ca() -> None:
    assert BrokerAddress.parse("mqtts://host", ca_file="ca.pem").ca_file == "ca.pem"
