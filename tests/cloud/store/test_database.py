from pathlib import Path

import pytest

from presslight.cloud.store.database import read_address
from presslight.contract.errors import Invalid


def test_path_is_a_file() -> None:
    assert read_address("state/presses.db") == Path("state/presses.db")
    assert read_address(Path("presses.db")) == Path("presses.db")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann@db.example/house",
        "postgres://ann@db.example:5433/house?sslmode=verify-full",
        "postgresql:///house?host=/run/postgresql",
        "postgresql://ann@one,two/house",
    ],
)
def test_url_is_taken_as_it_is(url: str) -> None:
    assert read_address(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3cret@db.example/house",
        "postgresql://db.example/house?user=ann&password=s3cret",
        "postgresql://db.example/house?pass%77ord=s3cret",
        "mysql://ann:s3cret@db.example/house",
        "postgresql://ann:s3cret@[db.example/house",
    ],
)
def test_address_with_a_password_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_address(url)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("place", [".", "/", "./", Path(), Path("/")])
def test_folder_without_a_name_is_no_store(place: str | Path) -> None:
    with pytest.raises(Invalid, match="is a folder"):
        read_address(place)


def test_home_is_found_where_no_shell_has_looked_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_address("~/presses.db") == tmp_path / "presses.db"
    assert read_address("./~") == Path("~")
