"""Files with random damage: what is read at a start is taken, or refused in one line that names the file."""

import os
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from lamp.settings import BadSettings, load
from presslight.broker.accounts import Accounts
from presslight.broker.errors import BadCredentials
from presslight.cloud.errors import Refusal, StoreUnavailable
from presslight.cloud.store.store import Store
from presslight.cloud.store.tokens import issue_token
from presslight.contract.address import BrokerAddress
from presslight.light_settings import setup_files
from tests.cloud.ports import key
from tests.cloud.store_harness import Later, StoreHarness, record
from tests.hostile.damage import MOST_BYTES, spoilt

TIMES = 60
TIMES_A_NIGHT = 20_000
WORST = [b"", b"\0", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000, b'{"a":1e999}', b"null", b"[]"]


def open_store(file: Path) -> None:
    """As a bridge does, which then goes on, whatever cannot be read."""
    store = Store(file, Later(), lambda error: one_line(error, file))
    store.open()
    for use in (
        store.open_presses,
        store.to_forget,
        lambda: store.phone_of("x" * 43),
        lambda: store.find(key(1)),
        lambda: store.admit(record(9)),
        lambda: store.prune(3600, 10),
    ):
        with suppress(Refusal):
            use()
    store.shut()


def load_settings(file: Path) -> None:
    os.chdir(file.parent)
    load()


def make_store(file: Path) -> None:
    tested = StoreHarness(file)
    for number in range(1, 5):
        tested.store.admit(record(number))
    tested.sql("INSERT INTO forgotten (light, asked_at, answer) VALUES ('kitchen', 5, 'forgotten')")
    tested.store.shut()
    issue_token(file, "ann")


def make_credentials(file: Path) -> None:
    Accounts.make(["kitchen", "hall"], others=["bridge"]).save(file)


def make_settings(file: Path) -> None:
    address = BrokerAddress.parse("mqtt://hall:secret@broker.home")
    file.write_text(setup_files("hall", address, wifi={"ssid": "home", "password": "wifi secret"})["settings.json"])


FILES: dict[str, tuple[Callable[[Path], object], Callable[[Path], object], type[Exception]]] = {
    "presses.db": (make_store, open_store, StoreUnavailable),
    "credentials.json": (make_credentials, Accounts.load, BadCredentials),
    "settings.json": (make_settings, load_settings, BadSettings),
}


def one_line(error: Exception, file: Path) -> None:
    assert "\n" not in str(error)
    assert file.name in str(error) or isinstance(error, BadSettings), error


def spoil(name: str, folder: Path, times: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the file so many times, each time with other damage."""
    monkeypatch.chdir(folder)
    make, read, refused = FILES[name]
    make(folder / name)
    good = (folder / name).read_bytes()
    most = max(MOST_BYTES, 2 * len(good))
    for number in range(times):
        luck = Random(f"{seed} {number}")
        bad = WORST[number] if number < len(WORST) else spoilt(good, [good], luck, most)
        place = folder / str(number)
        place.mkdir()
        (place / name).write_bytes(bad)
        try:
            read(place / name)
        except refused as error:
            one_line(error, place / name)
        except BaseException:
            sys.stderr.write(f"{name} with the damage of SEED={seed}, {number}\n")
            raise
        for left in place.iterdir():
            left.unlink()
        place.rmdir()


@pytest.mark.parametrize("name", FILES)
def test_spoilt_file_is_taken_or_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(name, tmp_path, TIMES, 0, monkeypatch)


@pytest.mark.nightly
@pytest.mark.parametrize("name", FILES)
def test_file_spoilt_in_many_ways_is_taken_or_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other damage each night: `SEED=n make nightly` does that of one night again."""
    spoil(name, tmp_path, TIMES_A_NIGHT, int(os.environ.get("SEED", secrets.randbelow(10**9))), monkeypatch)
