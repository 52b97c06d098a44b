"""How a broker is named on the command line."""

from pathlib import Path

import pytest

from presslight.address import check_host, read_address
from presslight.broker.authority import Authority
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import Invalid

URL = "mqtt://kitchen:geheim@broker.example:1884"


def test_address_is_a_url() -> None:
    assert read_address(URL).url() == URL


def test_address_is_the_content_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "broker").write_text(f"{URL}\n")
    assert read_address(f"@{tmp_path / 'broker'}").url() == URL


def test_certificate_is_named_beside_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.create(["broker.example"])
    assert read_address("mqtts://broker.example", ca_file=authority.ca).ca_file == str(authority.ca)


@pytest.mark.parametrize("scheme", ["mqtt", "mqtts"])
def test_certificate_that_is_none_or_of_no_use_is_refused(tmp_path: Path, scheme: str) -> None:
    (tmp_path / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(Invalid, match="CA"):
        read_address(f"{scheme}://broker.example", ca_file=tmp_path / "ca.crt")


def test_file_is_not_read_for_ever() -> None:
    with pytest.raises(Invalid, match="/dev/zero"):
        read_address("@/dev/zero")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"geheim"])
def test_file_without_an_address_is_refused_and_not_repeated(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broker").write_bytes(content)
    with pytest.raises(Invalid) as refusal:
        read_address(f"@{tmp_path / 'broker'}")
    assert "geheim" not in str(refusal.value)


def test_missing_file_is_refused() -> None:
    with pytest.raises(Invalid, match="cannot be read from nowhere: No such file or directory"):
        read_address("@nowhere")


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("Broker.Example.", "broker.example."),
        ("home_assistant", "home_assistant"),
        ("192.168.1.2", "192.168.1.2"),
        ("[FE80::1%25Eth0]", "fe80::1%Eth0"),
        *(
            (host, None)
            for host in (
                "a..b",
                "-a",
                "a-",
                "1",
                "127.1",
                "0x7f000001",
                "0x",
                "256.1.1.1",
                "a" * 64,
                "a." * 127 + "a",
                "[a]",
                "[::1",
                "::1]",
            )
        ),
    ],
)
def test_host_is_judged_alike_alone_and_in_an_address(host: str, taken: str | None) -> None:
    def alone() -> str | None:
        try:
            return check_host(host)
        except Invalid:
            return None

    def in_an_address() -> str | None:
        try:
            return BrokerAddress.parse(f"mqtt://{host}").host
        except Invalid:
            return None

    assert (alone(), in_an_address()) == (taken, taken)


def test_file_with_the_address_may_be_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "kitchen.url").write_text("mqtt://kitchen:secret@broker.example\n")
    assert read_address("@~/kitchen.url").username == "kitchen"
