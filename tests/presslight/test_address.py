"""How a broker is named on the command line."""

from pathlib import Path

import pytest

from contract.errors import Invalid
from presslight.address import read_address

URL = "mqtt://kitchen:geheim@broker.example:1884"


def test_address_is_a_url() -> None:
    assert read_address(URL).url() == URL


def test_address_is_the_content_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "broker").write_text(f"{URL}\n")
    assert read_address(f"@{tmp_path / 'broker'}").url() == URL


def test_certificate_is_named_beside_it() -> None:
    assert read_address("mqtts://broker.example", ca_file=Path("ca.crt")).ca_file == "ca.crt"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"geheim"])
def test_file_without_an_address_is_refused_and_not_repeated(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broker").write_bytes(content)
    with pytest.raises(Invalid) as refusal:
        read_address(f"@{tmp_path / 'broker'}")
    assert "geheim" not in str(refusal.value)


def test_missing_file_is_refused() -> None:
    with pytest.raises(Invalid, match="cannot be read from nowhere"):
        read_address("@nowhere")
