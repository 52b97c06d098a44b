"""The page's link, and its QR code as a terminal is sent it."""

from io import StringIO
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from presslight import page_link
from tests.presslight import qr_reader

LINK = "http://192.168.178.123:8787/#token=8bjuojzNA955_2a12AZtfv1EscHfFCUae2W4qzACMLA"


def printed(link: str, *, width: int = 80, colours: Literal["truecolor", "256", "standard"] = "truecolor") -> str:
    heard = StringIO()
    page_link.print_qr(link, Console(file=heard, force_terminal=True, width=width, color_system=colours, _environ={}))
    return heard.getvalue()


@pytest.mark.parametrize("colours", ["truecolor", "256", "standard"])
def test_qr_code_reads_as_the_link_whatever_colours_the_terminal_has(
    colours: Literal["truecolor", "256", "standard"],
) -> None:
    assert qr_reader.read(printed(LINK, colours=colours)) == [LINK]


@given(st.from_regex(r"https?://[a-z0-9.:]{1,60}/#token=[A-Za-z0-9_-]{43}", fullmatch=True))
def test_qr_code_reads_as_any_link(link: str) -> None:
    assert qr_reader.read(printed(link, width=120)) == [link]


def test_qr_code_has_its_quiet_zone() -> None:
    lines = page_link.qr_code(LINK)
    assert not "".join(lines[:2]).strip()
    assert all(line.startswith(" " * page_link.QUIET_ZONE) and line.endswith(" " * 4) for line in lines)


def test_terminal_that_cannot_show_it_is_left_alone() -> None:
    assert printed(LINK, width=30) == ""
    for settings in ({"TERM": "dumb"}, {"NO_COLOR": "1"}):
        heard = StringIO()
        page_link.print_qr(LINK, Console(file=heard, force_terminal=True, width=80, _environ=settings))
        assert heard.getvalue() == ""


def test_what_is_no_terminal_is_sent_no_picture() -> None:
    heard = StringIO()
    page_link.print_qr(LINK, Console(file=heard, width=80))
    assert heard.getvalue() == ""


def test_page_s_address_that_is_kept_anew_is_never_half_there(tmp_path: Path) -> None:
    page_link.record_page(tmp_path, "http://192.168.1.5:8787")
    with (tmp_path / page_link.RECORD).open() as reader:
        page_link.record_page(tmp_path, "http://192.168.1.5:8788")
        assert reader.read() == "http://192.168.1.5:8787\n"
    assert [file.name for file in tmp_path.iterdir()] == [page_link.RECORD]


def test_page_s_address_is_kept_and_nothing_else_is_believed(tmp_path: Path) -> None:
    assert page_link.recorded_page(tmp_path) is None
    page_link.record_page(tmp_path, "http://192.168.1.5:8787")
    assert page_link.recorded_page(tmp_path) == "http://192.168.1.5:8787"
    for spoilt in (b"", b"\xff", b"ftp://x", b"http://a b", b"http://me:secret@host"):
        (tmp_path / page_link.RECORD).write_bytes(spoilt)
        assert page_link.recorded_page(tmp_path) is None
    assert page_link.recorded_page(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("host", "url"), [("192.168.1.5", "http://192.168.1.5:8787"), ("fd00::5", "http://[fd00::5]:8787")]
)
def test_link_carries_the_token_where_no_server_sees_it(host: str, url: str) -> None:
    assert page_link.page_url(host, 8787) == url
    assert page_link.page_link(url, "t") == f"{url}/#token=t"
    assert page_link.page_link(url, "") == url
