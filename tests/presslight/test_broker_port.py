"""The port of a broker that the stack starts."""

from pathlib import Path

import pytest

from presslight import broker_port


@pytest.mark.parametrize(
    ("asked", "kept", "public", "wanted"),
    [
        (None, None, False, (0,)),
        (None, None, True, (1883, 0)),
        (None, 1884, False, (1884, 0)),
        (None, 1884, True, (1884,)),
        (1999, 1884, True, (1999,)),
        (1999, None, False, (1999,)),
    ],
)
def test_port_asked_for_comes_first_then_that_of_the_last_start(
    asked: int | None, kept: int | None, public: bool, wanted: tuple[int, ...]
) -> None:
    assert broker_port.candidates(asked, kept, public=public) == wanted


def test_port_that_is_kept_anew_is_never_half_there(tmp_path: Path) -> None:
    broker_port.write_port(tmp_path, 1884)
    with (tmp_path / broker_port.RECORD).open() as reader:
        broker_port.write_port(tmp_path, 1885)
        assert reader.read() == "1884\n"
    assert [file.name for file in tmp_path.iterdir()] == [broker_port.RECORD]


def test_port_is_kept_and_nothing_else_is_believed(tmp_path: Path) -> None:
    assert broker_port.read(tmp_path) is None
    broker_port.write_port(tmp_path, 1884)
    assert broker_port.read(tmp_path) == 1884
    for spoilt in (b"", b"\xff", b"0", b"-1", b"65536", b"mqtt"):
        (tmp_path / broker_port.RECORD).write_bytes(spoilt)
        assert broker_port.read(tmp_path) is None
