import os
import subprocess
import sys
from pathlib import Path

import pytest

from presslight.contract.phone import Press, Wish
from presslight.contract.words import MAX_SMALL, Moment
from presslight.mobile_sim import journal as module
from presslight.mobile_sim.errors import JournalBroken
from presslight.mobile_sim.journal import BLOCK, Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def press(journal: Journal, light: str = "kitchen", up: int = 5_000) -> Press:
    moment = Moment(boot="0badcafe", up=up)
    made = Press(type="press", key=journal.next_key(), light=light, set=Wish(state="ON"), not_after=moment)
    journal.store_press(made, 2_000, 1)
    return made


def test_press_that_is_open_is_found_in_the_next_life(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    one, two = press(journal), press(journal)
    journal.forget_press(one.key)
    journal.close()
    again = Journal(path)
    left = again.open()
    again.close()
    assert [(kept.press, kept.lead_ms) for kept in left] == [(two, 2_000)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_key_is_never_used_twice_even_if_the_last_writes_are_lost(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    at_open = path.read_bytes()
    used = {press(journal).key for _ in range(50)}
    journal.close()
    path.write_bytes(at_open)  # a power cut: what was not forced to the disk is gone
    again = Journal(path)
    again.open()
    assert not used & {again.next_key() for _ in range(100)}
    again.close()


def test_block_of_keys_that_is_used_up_is_followed_by_another_on_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", 3)
    journal = Journal(path)
    journal.open()
    keys = []
    for _ in range(10):
        keys.append(press(journal).key)
        journal.forget_press(keys[-1])
    last = press(journal).key
    journal.close()
    assert len({*keys, last}) == 11
    assert len(path.read_bytes().splitlines()) < 8
    again = Journal(path)
    assert [kept.press.key for kept in again.open()] == [last]
    again.close()


def test_counter_that_is_used_up_is_followed_by_a_new_origin(path: Path) -> None:
    path.write_text(f'{{"origin":"0123456789abcdef","upto":{MAX_SMALL - 5},"latest":{{}}}}\n')
    journal = Journal(path)
    journal.open()
    key = journal.next_key()
    journal.close()
    assert not key.startswith("0123456789abcdef")
    assert key.endswith("-1")


def test_damage_in_the_middle_costs_a_new_origin_and_nothing_else(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    one = press(journal)
    journal.close()
    path.write_bytes(path.read_bytes() + b"\x00\xffgarbage\n")
    again = Journal(path)
    assert [kept.press.key for kept in again.open()] == [one.key]
    assert again.next_key().partition("-")[0] != one.key.partition("-")[0]
    again.close()


def test_torn_last_line_is_dropped(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    one = press(journal)
    press(journal)
    journal.close()
    path.write_bytes(path.read_bytes()[:-20])
    again = Journal(path)
    assert [kept.press.key for kept in again.open()] == [one.key]
    assert again.next_key().partition("-")[0] == one.key.partition("-")[0]
    again.close()


def test_newest_deadline_of_each_light_outlives_the_phone(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    for light, up in (("kitchen", 5_000), ("kitchen", 7_000), ("hall", 6_000)):
        journal.forget_press(press(journal, light, up).key)
    journal.close()
    for _ in range(2):
        again = Journal(path)
        again.open()
        assert again.latest("kitchen") == Moment(boot="0badcafe", up=7_000)
        assert again.latest("hall") == Moment(boot="0badcafe", up=6_000)
        assert again.latest("attic") is None
        again.close()


def test_file_that_is_no_journal_is_left_as_it_is(path: Path) -> None:
    path.write_text("my holiday diary\n")
    with pytest.raises(JournalBroken, match="not a phone's journal"):
        Journal(path).open()
    assert path.read_text() == "my holiday diary\n"


def test_two_phones_cannot_share_a_journal(path: Path) -> None:
    first, second = Journal(path), Journal(path)
    first.open()
    with pytest.raises(JournalBroken, match="another phone uses it"):
        second.open()
    first.close()
    second.open()
    second.close()


@pytest.mark.parametrize("name", ["nowhere/journal", "."])
def test_journal_that_cannot_be_opened_says_why(tmp_path: Path, name: str) -> None:
    with pytest.raises(JournalBroken, match="directory"):
        Journal(tmp_path / name).open()


def test_full_disk_leaves_no_half_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(path)
    journal.open()
    before = path.read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, text: write(file, text[:10]))
    with pytest.raises(JournalBroken, match="full"):
        press(journal)
    monkeypatch.undo()
    assert path.read_bytes() == before
    one = press(journal)
    journal.close()
    again = Journal(path)
    assert [kept.press.key for kept in again.open()] == [one.key]
    again.close()


def test_last_word_that_cannot_be_written_is_told_and_harms_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(path)
    journal.open()
    one = press(journal)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, text: 0)
        journal.forget_press(one.key)
    journal.close()
    assert "full" in caplog.text


def test_journal_survives_a_killed_process(path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from presslight.mobile_sim.journal import Journal
from presslight.contract.phone import Press, Wish
journal = Journal(Path({str(path)!r}))
journal.open()
press = Press(type="press", key=journal.next_key(), light="kitchen", set=Wish(state="ON"))
journal.store_press(press, 2_000, 1)
print(press.key, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False)
    again = Journal(path)
    assert [kept.press.key for kept in again.open()] == [run.stdout.strip()]
    again.close()


def test_memory_keeps_keys_and_writes_nothing() -> None:
    journal = Journal()
    assert journal.open() == ()
    first, second = press(journal).key, press(journal).key
    assert first.endswith("-1")
    assert second.endswith("-2")
    assert BLOCK > 2
    journal.close()
