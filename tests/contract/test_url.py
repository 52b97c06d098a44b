from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.contract import url as urls

texts = st.text(min_size=1)
hosts = st.sampled_from(
    ["localhost", "127.0.0.1", "broker.example", "broker.example.", "home_assistant", "xn--bcher-kva.de"]
)


@given(hosts, st.none() | st.integers(1, 65_535), texts, texts, st.sampled_from(["", "/", "/a/b"]))
def test_url_that_is_one_is_taken_apart_as_ever(
    host: str, port: int | None, user: str, password: str, path: str
) -> None:
    place = host if port is None else f"{host}:{port}"
    text = f"http://{quote(user, safe='')}:{quote(password, safe='')}@{place}{path}?q=1#f"
    parts = urls.split(text)
    usual = urlsplit(text)
    assert (parts.user, parts.password) == (user, password)
    assert (parts.host, parts.port, parts.path) == (usual.hostname, usual.port, usual.path)
    assert (parts.query, parts.fragment) == ("q=1", "f")


def test_part_that_is_not_there_is_none_and_an_empty_one_is_empty() -> None:
    assert urls.split("http://host") == ("http", None, None, "host", None, "", None, None)
    assert urls.split("http://:@host/?#") == ("http", "", "", "host", None, "/", "", "")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("HTTP://EXAMPLE.com", "example.com"),
        ("http://bücher.example", "xn--bcher-kva.example"),
        ("http://BÜCHER.example", "xn--bcher-kva.example"),
        ("http://[::1]", "::1"),
        ("http://[FE80::1%eth0]", "fe80::1%eth0"),
        ("http://[fe80::1%25eth0]", "fe80::1%eth0"),
        ("http://[fe80::1%256]", "fe80::1%6"),
        ("http://[fe80::1%25]", "fe80::1%25"),
        ("http://[fe80::1%2525]", "fe80::1%25"),
        ("http://[fe80::1%25256]", "fe80::1%256"),
        ("http://192.168.1.2", "192.168.1.2"),
        ("http://4.example", "4.example"),
        ("http://user@at:pass@word@host", "host"),
    ],
)
def test_host_is_as_name_services_know_it(text: str, host: str) -> None:
    assert urls.split(text).host == host


@pytest.mark.parametrize(
    "text",
    [
        *("", "host", "host:80", "//host", "http:/host", "http:host", "http://", "http:///path", "ht tp://host"),
        *("http://:80", "http://host:", "http://host:0", "http://host:65536", "http://host:99999", "http://host:-1"),
        *("http://host:+80", "http://host:8 0", "http://host:٨٠", "http://host:100000", "http://host:80:80"),
        *(" http://host", "http://host ", "http://ho st", "http://host\t", "http://host\n", "\nhttp://host"),
        *(
            "http://h%6fst",
            "http://host\\x",
            "http://ho,st",
            "http://-host",
            "http://straße.example",
            "http://\x00",
        ),
        *("http://[::1", "http://::1", "http://::1]:80", "http://[::1]x", "http://[host]", "http://[127.0.0.1]"),
        *("http://a..b", "http://.", "http://.a", "http://a..", "http://a-.b", "http://a.-b", f"http://{'a' * 64}"),
        *(
            f"http://{'a.' * 127}a",
            "http://256.1.1.1",
            "http://127.1",
            "http://0x0",
            "http://1",
            "http://a.1",
            "http://1.2.3.4.",
        ),
        *(
            "http://[::1%]",
            "http://[::1%25%25]",
            "http://[::1%a%25b]",
            "http://[::1%a\n]",
            "http://[::1%a b]",
            "http://[v1.x]",
            "http://[]",
        ),
        *("http://us%er@host", "http://u%zz@host", "http://u:%@host", "http://u:%f@host", "http://u:50%ab@host"),
    ],
)
def test_url_of_which_a_part_would_have_to_be_guessed_is_none(text: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 -- the sentence is for nobody; no part of the URL may be in it
        urls.split(text)
    assert "50%ab" not in repr(refused.value)


@given(
    st.text() | st.text().map("http://{}".format) | st.binary().map(lambda raw: raw.decode(errors="surrogateescape"))
)
def test_any_text_is_taken_apart_or_refused(text: str) -> None:
    try:
        parts = urls.split(text)
    except ValueError:
        return
    assert parts.host.isascii()
    assert parts.host


labels = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,8}[a-z0-9_])?", fullmatch=True)
names = st.lists(labels, min_size=1, max_size=4).map(".".join) | st.just("a.")
zones = st.from_regex(r"(25)*[A-Za-z0-9_.~-]{1,9}", fullmatch=True)
ipv6 = st.ip_addresses(v=6).map(str) | st.builds("{}%{}".format, st.ip_addresses(v=6), zones)


def accepted(host: str) -> str | None:
    try:
        return urls.read_host(host)
    except ValueError:
        return None


@given(names | st.ip_addresses(v=4).map(str) | ipv6, st.integers(1, 65_535))
def test_host_and_port_written_and_read_again_are_the_same(host: str, port: int) -> None:
    known = accepted(host)
    if known is not None:
        parts = urls.split(f"http://{urls.authority(known, port)}/")
        assert (parts.host, parts.port) == (known, port)
    assert known is not None or host.rpartition(".")[2].isdecimal()


@given(st.text(st.sampled_from("aZ0-_.1%25"), max_size=12) | names)
def test_host_alone_is_judged_as_in_a_url(host: str) -> None:
    try:
        in_url = urls.split(f"http://{host}").host
    except ValueError:
        in_url = None
    assert accepted(host) == in_url


@given(ipv6)
def test_ipv6_address_needs_no_brackets_where_it_stands_alone(host: str) -> None:
    address, percent, zone = host.partition("%")
    encoded = f"[{address}%25{zone}]" if percent else f"[{address}]"
    assert accepted(host.upper().partition("%")[0] + percent + zone) == accepted(encoded) == host
