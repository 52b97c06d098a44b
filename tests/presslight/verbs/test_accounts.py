"""`presslight accounts`: what exists stays, all is checked before anything is written, and an account can go again."""

import asyncio
import json
import os
import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from typer.testing import CliRunner, Result

from presslight.accounts_folder import AccountsFolder
from presslight.broker.accounts import CREDENTIALS, PASSWORDS, Accounts
from presslight.command import app
from presslight.contract.address import BrokerAddress
from presslight.verbs import forget
from tests import forked


def call(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["accounts", str(folder), *words])


def addresses(folder: Path) -> dict[str, BrokerAddress]:
    return {file.stem: BrokerAddress.parse(file.read_text().strip()) for file in folder.glob("*.url")}


def places(folder: Path) -> dict[str, tuple[str, int, bool]]:
    return {user: (address.host, address.port, address.tls) for user, address in addresses(folder).items()}


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()} if folder.exists() else {}


def users_for_mosquitto(folder: Path) -> set[str]:
    return {line.split(":")[0] for line in (folder / PASSWORDS).read_text().splitlines()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the accounts of a light and a bridge, at a broker that speaks TLS."""
    assert call(tmp_path / "s", "kitchen", "--host", "broker.example", "--tls").exit_code == 0
    return tmp_path / "s"


def test_light_added_later_is_sent_where_the_others_are(folder: Path) -> None:
    before = contents(folder)
    assert call(folder, "hall").exit_code == 0
    assert places(folder) == dict.fromkeys(("bridge", "kitchen", "hall"), ("broker.example", 8883, True))
    for kept in ("kitchen.url", "bridge.url"):
        assert contents(folder)[kept] == before[kept]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (["--host", "other.example"], ("other.example", 8883, True)),
        (["--port", "8884"], ("broker.example", 8884, True)),
        (["--no-tls"], ("broker.example", 1883, False)),
        (["--no-tls", "--port", "8883"], ("broker.example", 8883, False)),
        (["--host", "fd00::1"], ("fd00::1", 8883, True)),
        (["--host", "[FD00::1]"], ("fd00::1", 8883, True)),
        (["--host", "Broker.Example"], ("broker.example", 8883, True)),
    ],
)
def test_change_of_the_broker_is_told_and_holds_for_everybody(
    folder: Path, options: list[str], place: tuple[str, int, bool]
) -> None:
    answer = call(folder, "hall", *options)
    assert places(folder) == dict.fromkeys(("bridge", "kitchen", "hall"), place)
    is_same = place == ("broker.example", 8883, True)
    assert ("everybody's address is now" in answer.stdout) is not is_same
    assert call(folder, "bath").exit_code == 0
    assert set(places(folder).values()) == {place}


def test_port_of_its_own_stays_where_only_tls_changes(folder: Path) -> None:
    call(folder, "--port", "9000")
    call(folder, "--no-tls")
    assert places(folder)["kitchen"] == ("broker.example", 9000, False)


@pytest.mark.parametrize(
    "words",
    [
        ["hall", "--port", "99999"],
        ["hall", "--port", "0"],
        ["hall", "--port", "-1"],
        ["hall", "--host", "mqtt://x"],
        ["hall", "--host", ""],
        ["hall", "--host", "a b"],
        ["hall", "--host", "x:1883"],
        ["hall", "--host", "user@x"],
        ["hall", "--host", "0.0.0.0"],
        ["hall", "--host", "::"],
        ["hall", "--host", "256.1.1.1"],
        ["hall", "--host", "x/"],
        ["hall", "--host", "stra\u00dfe.example"],
        ["hall", "Kitchen Sink"],
        ["hall", "bridge-"],
        ["hall", "../x"],
        ["hall", ""],
        ["hall", "--remove", "nobody"],
        ["--remove", "../kitchen"],
        ["--remove", "nobody", "--remove", "kitchen"],
        ["hall", "--remove", "hall"],
        ["hall", "--remove", "bridge"],
        [],
    ],
)
@pytest.mark.parametrize("is_new", [True, False])
def test_nothing_is_written_where_anything_is_wrong(
    folder: Path, tmp_path: Path, words: list[str], is_new: bool
) -> None:
    where = tmp_path / "new" if is_new else folder
    before = contents(where)
    answer = call(where, *words)
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output
    assert contents(where) == before
    assert where.exists() is not is_new


def test_host_beyond_ascii_is_written_as_a_lamp_can_look_it_up(tmp_path: Path) -> None:
    assert call(tmp_path / "new", "hall", "--host", "über.example").exit_code == 0
    assert {host for host, _, _ in places(tmp_path / "new").values()} == {"xn--ber-goa.example"}


def spoil_credentials(folder: Path) -> None:
    (folder / CREDENTIALS).write_text('{"kitchen": ')


def spoil_address(folder: Path) -> None:
    (folder / "kitchen.url").write_text("kitchen")


def spoil_bytes(folder: Path) -> None:
    (folder / "kitchen.url").write_bytes(b"\xff")


def spoil_password(folder: Path) -> None:
    (folder / "kitchen.url").write_text("mqtts://kitchen:other@broker.example:8883\n")


def spoil_user(folder: Path) -> None:
    (folder / "kitchen.url").write_text((folder / "bridge.url").read_text())


def spoil_acl(folder: Path) -> None:
    (folder / "acl").unlink()
    (folder / "acl" / "in").mkdir(parents=True)


def spoil_names(folder: Path) -> None:
    (folder / CREDENTIALS).write_text('{"Kitchen Sink": "x"}')


def lose_addresses(folder: Path) -> None:
    for file in folder.glob("*.url"):
        file.unlink()


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_credentials,
        spoil_address,
        spoil_bytes,
        spoil_password,
        spoil_user,
        spoil_acl,
        spoil_names,
        lose_addresses,
    ],
)
def test_damaged_file_is_named_and_nothing_is_written(folder: Path, spoil: Callable[[Path], None]) -> None:
    spoil(folder)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    answer = call(folder, "hall")
    assert (answer.exit_code, answer.stderr.count("\n")) == (2, 1)
    assert str(folder) in answer.stderr
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_addresses_that_were_lost_are_written_anew_once_the_broker_is_named(folder: Path) -> None:
    lose_addresses(folder)
    assert call(folder, "hall", "--host", "broker.example", "--tls").exit_code == 0
    assert set(places(folder).values()) == {("broker.example", 8883, True)}


def test_one_lost_address_is_written_anew(folder: Path) -> None:
    before = contents(folder)
    (folder / "bridge.url").unlink()
    assert call(folder, "hall").exit_code == 0
    assert contents(folder)["bridge.url"] == before["bridge.url"]


def elsewhere(folder: Path, *words: str) -> None:
    """As `call`, in another process."""

    async def run() -> int:
        return await (await forked.start("accounts", str(folder), *words)).wait()

    assert asyncio.run(run()) == 0


def is_waited_for(folder: Path) -> bool:
    """Whether somebody waits for a lock on it."""
    lines = Path("/proc/locks").read_text().splitlines()
    return any("-> FLOCK" in line and f":{folder.stat().st_ino} " in line for line in lines)


def begin_before_the_first_save(other: threading.Thread, locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `other` begin amid the first one's work, and go on until it is done, or waits for that folder."""
    save = AccountsFolder.save

    def slowly(kept: AccountsFolder) -> tuple[Path, ...]:
        if other.ident is None:
            other.start()
            while other.is_alive() and not is_waited_for(locked):
                other.join(0.01)
        return save(kept)

    monkeypatch.setattr(AccountsFolder, "save", slowly)


@pytest.mark.parametrize(
    ("second", "left"),
    [
        (lambda folder: elsewhere(folder, "bath"), {"bridge", "kitchen", "hall", "bath"}),
        (lambda folder: elsewhere(folder, "--remove", "kitchen"), {"bridge", "hall"}),
        (lambda folder: forget._remove_own_account("kitchen", folder), {"bridge", "hall"}),
        (lambda folder: forget._remove_account("kitchen", folder), {"bridge", "hall"}),
    ],
    ids=["add", "remove", "forget in a stack", "forget"],
)
def test_two_at_once_take_nothing_of_each_other_back(
    folder: Path, second: Callable[[Path], object], left: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = threading.Thread(target=second, args=[folder])
    begin_before_the_first_save(other, folder, monkeypatch)
    call(folder, "hall")
    other.join()
    assert set(Accounts.load(folder / CREDENTIALS).users) == left


def test_two_at_once_where_there_is_no_folder_yet_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a" / "b"
    other = threading.Thread(target=elsewhere, args=[folder, "bath"])
    begin_before_the_first_save(other, folder, monkeypatch)
    call(folder, "hall")
    other.join()
    assert set(Accounts.load(folder / CREDENTIALS).users) == {"bridge", "hall", "bath"} == set(addresses(folder))


@contextmanager
def dies_at(write: int) -> Iterator[None]:
    """The process dies before its `write`-th file gets into place or goes."""
    count = iter(range(write))
    real = os.rename

    def replace(source: Path, target: Path) -> Path:
        if next(count, None) is None:
            raise KeyboardInterrupt
        real(source, target)
        return target

    with patch.object(Path, "replace", replace):
        yield


@pytest.mark.parametrize("words", [["hall", "bath"], ["--host", "other.example"], ["--remove", "kitchen"]])
def test_run_that_dies_in_between_leaves_a_folder_that_the_next_completes(folder: Path, words: list[str]) -> None:
    for write in range(5):
        with dies_at(write):
            call(folder, *words)
        assert not [file for file in folder.iterdir() if file.name.startswith(".")]
        accounts = Accounts.load(folder / CREDENTIALS)
        for user, address in addresses(folder).items():
            if user in accounts.users:
                assert address == address.signed_in_as(user, accounts.password(user))
        answer = call(folder, *words)
        assert answer.exit_code == 0 or "no account" in answer.stderr
        assert call(folder, "attic").exit_code == 0
        users = set(Accounts.load(folder / CREDENTIALS).users)
        assert set(addresses(folder)) == users == users_for_mosquitto(folder)
        assert len(set(places(folder).values())) == 1
        call(folder, "kitchen", "--host", "broker.example", "--remove", "attic")


def test_account_that_is_taken_away_leaves_nothing_in_the_folder(folder: Path) -> None:
    call(folder, "hall", "bridge-2", "homeassistant")
    password = addresses(folder)["kitchen"].password
    assert password is not None
    answer = call(folder, "--remove", "kitchen", "--remove", "bridge-2")
    assert answer.exit_code == 0
    assert "systemctl reload mosquitto" in answer.stdout
    assert set(addresses(folder)) == users_for_mosquitto(folder) == {"bridge", "hall", "homeassistant"}
    assert "bridge-2" not in (folder / "acl").read_text()
    assert not [text for text in contents(folder).values() if password.get_secret_value().encode() in text]


def test_account_that_is_made_again_has_another_password(folder: Path) -> None:
    before = addresses(folder)["kitchen"].password
    call(folder, "--remove", "kitchen")
    call(folder, "kitchen")
    assert places(folder)["kitchen"] == ("broker.example", 8883, True)
    assert addresses(folder)["kitchen"].password != before


def test_reload_is_told_where_mosquitto_may_run_and_something_changed(folder: Path, tmp_path: Path) -> None:
    assert "kill -HUP" in call(folder, "hall").stdout
    assert "kill -HUP" not in call(folder, "hall").stdout
    assert "kill -HUP" not in call(tmp_path / "new", "hall").stdout


def test_commands_that_are_told_are_those_of_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documented = (Path(__file__).parents[3] / "docs/running.md").read_text()
    monkeypatch.chdir(tmp_path)
    call(Path("./secrets"), "kitchen")
    told = [line for line in call(Path("./secrets"), "--remove", "kitchen").stdout.splitlines() if line[:2] == "  "]
    assert len(told) == 2
    assert "\n".join(line.strip() for line in told) in documented


def test_commands_that_are_told_name_a_folder_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "my secrets; $(touch x)"
    call(folder, "kitchen")
    line = next(line for line in call(folder, "hall").stdout.splitlines() if "install" in line)
    assert shlex.split(line)[8:] == [str(folder / PASSWORDS), str(folder / "acl"), "/etc/mosquitto/presslight/"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write for others")
def test_owner_can_go_on_after_root_has_changed_the_folder(folder: Path) -> None:
    for file in (folder, *folder.iterdir()):
        os.chown(file, 1234, 1235)
    assert call(folder, "hall", "--remove", "kitchen").exit_code == 0
    assert {(file.stat().st_uid, file.stat().st_gid) for file in (folder, *folder.iterdir())} == {(1234, 1235)}
    assert call(folder, "--host", "other.example").exit_code == 0
    assert {(file.stat().st_uid, file.stat().st_gid) for file in (folder, *folder.iterdir())} == {(1234, 1235)}


def test_secrets_are_their_owners_alone(folder: Path) -> None:
    modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert modes.pop("acl") == 0o644
    assert set(modes.values()) == {0o600}
    assert json.loads((folder / CREDENTIALS).read_text()).keys() == {"bridge", "kitchen"}
