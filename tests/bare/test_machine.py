"""What of this machine's settings a bare root gets."""

from pathlib import Path

from tests.bare.machine import apt_file, environment, folders_in, paths_in, pip_file, pip_options

LISTED = r""":env:.find-links='/wheels/new'
:env:.config-file='/dev/null'
global.extra-index-url='file:///indexes/one\nfile:///indexes/two'
global.find-links='/wheels/old'
install.no-compile='true'
"""


def test_options_of_pip_come_from_files_and_the_environment_wins() -> None:
    assert pip_options(LISTED) == {
        "global": {"extra-index-url": "file:///indexes/one\nfile:///indexes/two", "find-links": "/wheels/new"},
        "install": {"no-compile": "true"},
    }


def test_options_of_pip_make_a_file() -> None:
    assert pip_file(pip_options(LISTED)).splitlines() == [
        "[global]",
        "extra-index-url = file:///indexes/one file:///indexes/two",
        "find-links = /wheels/new",
        "[install]",
        "no-compile = true",
    ]


def test_nothing_configured_is_an_empty_section() -> None:
    assert pip_file(pip_options("")) == "[global]\n"


def test_paths_are_found_in_settings_and_as_addresses() -> None:
    assert paths_in(["file:///a/simple\n/b /b", "https://host/c", "true"]) == [Path("/a/simple"), Path("/b")]


def test_folders_of_packages_are_those_named_and_the_one_around_an_index(tmp_path: Path) -> None:
    index, wheels = tmp_path / "pypi/simple", tmp_path / "wheels"
    for folder in (index, wheels):
        folder.mkdir(parents=True)
    file = wheels / "constraints.txt"
    file.touch()
    named = {"index-url": f"file://{index}", "find-links": f"{wheels} {tmp_path}/none", "constraint": str(file)}
    assert folders_in({"global": named, "install": {"extra-index-url": "https://host/simple"}}) == [
        index.parent,
        wheels,
    ]


def test_apt_is_told_how_to_fetch_and_nothing_else() -> None:
    fetching = [
        'Acquire::http::Proxy "http://proxy:3128";',
        'Acquire::https::CAInfo "/ca.pem";',
        'Acquire::Retries "3";',
    ]
    others = [
        'Acquire::http "";',
        'Acquire::Languages "none";',
        'DPkg::Post-Invoke:: "rm -rf /x";',
        'Acquire::httpx "y";',
    ]
    assert apt_file("\n".join([*others, *fetching])).splitlines() == fetching


def test_login_has_the_proxies_and_nothing_of_ours() -> None:
    own = {"https_proxy": "http://proxy", "NO_PROXY": "localhost", "CI": "true", "PATH": "/x", "SECRET": "y"}
    assert environment(own) == {"https_proxy": "http://proxy", "NO_PROXY": "localhost", "CI": "true"}
