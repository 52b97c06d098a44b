"""Unpacking packages of another Debian release: apt itself nightly, an apt of a few shell lines otherwise."""

import os
from pathlib import Path

import pytest

from presslight import debian
from presslight.micropython import ARCHITECTURE, RELEASE, version

LISTED = """\
Packages|main|bookworm|http://mirror.example/debian/
Translations|main|bookworm|http://other.example/debian/
Packages|contrib|bookworm|http://contrib.example/debian/
Packages|main|bookworm-updates|http://mirror.example/debian/
Packages|main|bookworm-security|http://mirror.example/debian-security/
Packages|main|bookworm|cdrom:[Debian 12]/
Packages|main|stable|http://second.example/debian/
Packages|main|bookworm|http://mirror.example/debian/
Packages|main|nodistro|http://vendor.example/apt/
"""
DEPENDS = """\
micropython
  PreDepends: dpkg
  Depends: libc6
 |Depends: libone
  Depends: <virtual>
    libvirtual
  Depends: libffi8
  Suggests: docs
"""
APT_GET = """\
case "$*" in
*indextargets*) cat "$HOUSE/listed" ;;
*update*)
    cat sources.list >>"$HOUSE/sources"
    if grep -q mirror.example sources.list; then
        echo "W: a warning" >&2
        echo "E: mirror.example is away" >&2
        exit 100
    fi ;;
*download*)
    for word; do last="$last $word"; done
    echo "${last##* download }" >"$HOUSE/downloaded"
    echo "$*" >"$HOUSE/asked"
    touch one.deb two.deb ;;
esac"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose first mirror is away and whose second serves everything; notes what apt was asked."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "listed").write_text(LISTED)
    for name, text in {
        "apt-get": APT_GET,
        "apt-cache": f"cat <<'end'\n{DEPENDS}end",
        "dpkg-deb": 'mkdir -p "$3" && echo "$2" >>"$3/unpacked"',
    }.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("HOUSE", str(tmp_path))
    (tmp_path / "work").mkdir()
    return tmp_path


def test_archives_are_debians_main_ones_in_order() -> None:
    assert debian.debian_archives(LISTED) == ["http://mirror.example/debian/", "http://second.example/debian/"]


def test_archives_of_nothing_are_none() -> None:
    assert debian.debian_archives("") == []


def test_an_archive_address_may_hold_the_separator() -> None:
    assert debian.debian_archives("Packages|main|sid|http://mirror.example/a|b/") == ["http://mirror.example/a|b/"]


def test_depends_takes_what_must_be_there() -> None:
    assert debian.depends(DEPENDS) == ["dpkg", "libc6", "libffi8"]


def test_complaint_prefers_the_error_to_the_warning() -> None:
    assert debian.complaint("Reading\nW: old\nE: Broken thing\nE: second\n") == "Broken thing"


def test_complaint_without_an_error_is_the_warning() -> None:
    assert debian.complaint("W: old\n") == "old"


def test_complaint_of_silence_is_empty() -> None:
    assert debian.complaint("") == ""


def test_unpack_takes_the_next_mirror_where_one_is_away(house: Path) -> None:
    tree = debian.unpack("micropython", "trixie", house / "work")
    asked = [line.split()[-3:] for line in (house / "sources").read_text().splitlines()]
    assert asked == [
        ["http://mirror.example/debian/", "trixie", "main"],
        ["http://second.example/debian/", "trixie", "main"],
    ]
    assert len((tree / "unpacked").read_text().splitlines()) == 2


def test_unpack_fetches_the_package_with_its_depends(house: Path) -> None:
    debian.unpack("micropython", "trixie", house / "work")
    assert (house / "downloaded").read_text().split() == ["micropython", "dpkg", "libc6", "libffi8"]


@pytest.mark.parametrize("architecture", ["", "i386"])
def test_unpack_asks_for_another_architecture_where_one_is_named(house: Path, architecture: str) -> None:
    debian.unpack("micropython", "trixie", house / "work", architecture)
    asked = (house / "asked").read_text().split()
    named = [word.partition("=")[2] for word in asked if word.startswith(("APT::Architecture=", "APT::Architectures="))]
    assert named == 2 * [architecture] if architecture else not named


def test_sources_are_signed_by_debian_where_its_keys_are_here(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = house / "keys.gpg"
    keyring.touch()
    monkeypatch.setattr(debian, "KEYRING", keyring)
    debian.unpack("micropython", "trixie", house / "work")
    assert f"deb [signed-by={keyring}] http://second.example/debian/ trixie main\n" in (house / "sources").read_text()


def test_sources_never_switch_verification_off(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "KEYRING", house / "none.gpg")
    debian.unpack("micropython", "trixie", house / "work")
    assert "deb http://second.example/debian/ trixie main\n" in (house / "sources").read_text()


def test_unpack_tells_apts_complaint_when_every_mirror_fails(house: Path) -> None:
    (house / "listed").write_text(LISTED.splitlines()[0] + "\n")
    with pytest.raises(debian.AptFailed, match=r"^mirror\.example is away$") as caught:
        debian.unpack("micropython", "trixie", house / "work")
    assert caught.value.code == "apt_failed"


def test_unpack_without_a_debian_mirror_says_so(house: Path) -> None:
    (house / "listed").write_text("Packages|main|noble|http://ubuntu.example/\n")
    with pytest.raises(debian.AptFailed, match="not set up with a Debian mirror"):
        debian.unpack("micropython", "trixie", house / "work")


def test_unpack_without_apt_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(debian.AptFailed, match="there is no apt-get here"):
        debian.unpack("micropython", "trixie", tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("architecture", ARCHITECTURE.values())
def test_unpack_by_the_real_apt_gives_a_tree_that_runs(tmp_path: Path, architecture: str) -> None:
    tree = debian.unpack("micropython", RELEASE, tmp_path, architecture)
    loader = next(tree.glob("usr/lib/*/ld-linux*.so.*"))
    command = [str(loader), "--library-path", str(loader.parent), str(tree / "usr/bin/micropython")]
    assert (version(command) or ()) >= (1, 22)
