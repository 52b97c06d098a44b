import pytest

from cloud.pages import FOLDER
from tests.cloud.conftest import House

FILES = sorted(str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*") if file.is_file())


async def test_page_is_served_at_the_root(house: House) -> None:
    answer = await house.http.get("/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.content == (FOLDER / "index.html").read_bytes()


@pytest.mark.parametrize("name", FILES)
async def test_file_may_load_and_reach_nothing_but_this_bridge(house: House, name: str) -> None:
    answer = await house.http.get(f"/{name}")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_page_is_asked_for_again_and_not_sent_again(house: House) -> None:
    first = await house.http.get("/")
    assert first.headers["Cache-Control"] == "no-cache"
    again = await house.http.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/nothing.js", "/../settings.py", "/%2e%2e/settings.py", "/..%2fsettings.py"])
async def test_nothing_outside_the_folder_is_served(house: House, path: str) -> None:
    assert (await house.http.get(path)).status_code == 404
