import gzip
import shutil
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from presslight.cloud.http.pages import FOLDER, PATHS, Pages, answer_of, takes_gzip
from tests.cloud.conftest import House

PLAIN = {"Accept-Encoding": "identity"}


@pytest.mark.parametrize("path", PATHS)
async def test_page_is_served_at_the_root_in_one_answer(house: House, path: str) -> None:
    answer = await house.http.get(path, headers=PLAIN)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.content == Pages().document().body


async def test_page_may_load_and_reach_nothing_but_this_bridge(house: House) -> None:
    answer = await house.http.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_page_is_asked_for_again_and_not_sent_again(house: House) -> None:
    first = await house.http.get("/")
    assert first.headers["Cache-Control"] == "no-cache, no-transform"
    again = await house.http.get("/", headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
    any_will_do = await house.http.get("/", headers={"If-None-Match": "*"})
    assert any_will_do.status_code == 304
    other = await house.http.get("/", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


async def test_page_is_asked_about_without_its_body(house: House) -> None:
    told = await house.http.head("/", headers=PLAIN)
    whole = await house.http.get("/", headers=PLAIN)
    assert told.status_code == 200
    assert told.headers["Content-Length"] == whole.headers["Content-Length"] == str(len(whole.content))
    assert told.headers["ETag"] == whole.headers["ETag"]


async def test_page_is_packed_for_who_takes_it(house: House) -> None:
    packed = await house.http.get("/", headers={"Accept-Encoding": "gzip, deflate"})
    plain = await house.http.get("/", headers=PLAIN)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.content == plain.content  # as the client unpacks it
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 3


def test_packed_page_comes_in_two_flights_of_a_new_connection() -> None:
    """Ten segments of 1,448 bytes, then twenty; its head takes some of the first."""
    assert len(Pages().document().packed) < 30 * 1_448 - 1_024


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5, *", True),
        ("deflate , gzip ; q=1", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("", False),
        ("br, xgzip", False),
        (",;q=,gzip;;", False),
    ],
)
def test_accept_encoding_is_read_as_its_rfc_says(header: str, takes: bool) -> None:
    assert takes_gzip(header) is takes


@pytest.mark.parametrize(
    "path", ["/nothing.js", "/app.js", "/../settings.py", "/%2e%2e/settings.py", "/..%2fsettings.py"]
)
async def test_nothing_else_is_served(house: House, path: str) -> None:
    assert (await house.http.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/", "/nothing"])
async def test_page_is_only_read(house: House, path: str) -> None:
    answer = await house.http.post(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_file_that_is_edited_is_served_at_the_next_reload(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    shutil.copytree(FOLDER, folder)
    pages = Pages(folder)
    first = pages.document()
    assert pages.document() is first

    (folder / ".words.js.swp").write_bytes(b"\xff")
    (folder / "words.js~").write_text("export default 1;")
    (folder / ".#words.js").symlink_to("nowhere")
    assert pages.document() is first

    (folder / "words.js").write_text((folder / "words.js").read_text() + "// edited\n")
    assert b"// edited\n" in gzip.decompress(pages.document().packed)
    asked = Headers({"If-None-Match": first.tag})
    assert answer_of(pages.document(), asked).status_code == 200
