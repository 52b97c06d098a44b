from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import url as urls

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
        *("http://[::1%]", "http://[::1%a b]", "http://[v1.x]", "http://[]"),
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
