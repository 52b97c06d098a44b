import pytest

from presslight.cloud.http.allowed_hosts import ANY, AllowedHosts, is_loopback, name_in, names_of_machine

OURS = [*names_of_machine("Pi4.Lan"), "home.example"]
EVIL = [
    "evil.example", "evil.example:8787", "localhost.evil.example", "127.0.0.1.evil.example", "pi4.evil.example",
    "home.example.evil.example", "xhome.example", "", ":8787", "a b", "home.example@evil.example", "[::1", "[]",
    "[home.example.evil]", "home.example:80:90", "evil.example\tlocalhost",
]  # fmt: skip


@pytest.fixture
def hosts() -> AllowedHosts:
    return AllowedHosts(OURS)


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST:8787", "localhost.", "house.localhost", "127.0.0.1", "127.8.8.8:1", "[::1]:8787",
        "192.168.1.5:8787", "[fe80::1%25eth0]:8787", "203.0.113.9", "pi4.lan", "PI4:8787", "pi4.local",
        "home.example:443", "home.example.",
    ],
)  # fmt: skip
def test_own_name_and_any_address_is_taken(hosts: AllowedHosts, host: str) -> None:
    assert hosts.takes(host)


@pytest.mark.parametrize("host", EVIL)
def test_name_that_is_not_ours_is_not_taken(hosts: AllowedHosts, host: str) -> None:
    assert not hosts.takes(host)
    assert AllowedHosts([ANY]).takes(host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://192.168.1.5:8787", "192.168.1.5:8787"), ("http://localhost:3000", "localhost:8787"),
        ("https://home.example", "127.0.0.1:8787"), ("http://[::1]:8787", "[::1]:8787"),
        ("https://A.example", "a.example"),
    ],
)  # fmt: skip
def test_page_of_the_host_that_it_asks_or_of_one_of_ours_may_ask(hosts: AllowedHosts, origin: str, host: str) -> None:
    assert hosts.takes_page(origin, [host])
    assert hosts.takes_page(origin, ["127.0.0.1:8787", f" {host}"])


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://203.0.113.9",
        "null",
        "",
        "file://",
        "http://",
        "http://[",
        "home.example",
        "http://home.example.evil",
    ],
)
def test_page_from_elsewhere_may_not(hosts: AllowedHosts, origin: str) -> None:
    assert not hosts.takes_page(origin, ["127.0.0.1:8787", ""])
    assert AllowedHosts([ANY]).takes_page(origin, ["127.0.0.1:8787"])


@pytest.mark.parametrize("name", ["localhost", "x.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_known(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize("name", [None, "", "home.example", "192.168.1.5", "::ffff:192.168.1.5", "0.0.0.0", "x"])
def test_what_others_reach_is_no_loopback(name: str | None) -> None:
    assert not is_loopback(name)


def test_machine_without_a_name_has_none() -> None:
    assert names_of_machine("") == ()
    assert name_in(":80") is None
