import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from presslight.cloud.errors import DuplicateKey, Refusal, StoreUnavailable
from presslight.cloud.store.database import Address, patient
from presslight.cloud.store.store import PRUNED_AT_ONCE, WRITTEN_AT_ONCE
from presslight.cloud.store.tokens import issue_token, list_tokens, revoke_tokens
from presslight.contract.errors import ErrorCode
from presslight.contract.words import PressStatus, Reason
from tests.cloud.ports import key
from tests.cloud.shelf import Shelf, applied, record


@pytest.fixture
def shelf(address: Address) -> Iterator[Shelf]:
    made = Shelf(address)
    yield made
    made.store.shut()


def test_stored_press_is_found_as_it_was(shelf: Shelf) -> None:
    shelf.store.admit(record())
    assert shelf.store.find(key()) == record()
    assert shelf.store.find(key(2)) is None
    assert shelf.store.open_presses() == [record()]


def test_press_survives_a_kill_once_admit_returns(shelf: Shelf) -> None:
    shelf.store.admit(record())
    assert shelf.sql("SELECT key, word FROM presses") == [(key(), "accepted")]


def test_known_key_is_not_stored_again(shelf: Shelf) -> None:
    shelf.store.admit(record())
    with pytest.raises(DuplicateKey) as known:
        shelf.store.admit(record()._replace(payload="other"))
    assert known.value.record == record()


def test_two_stores_on_one_database_admit_a_key_once(shelf: Shelf) -> None:
    other = shelf.another()
    shelf.store.admit(record())
    with pytest.raises(DuplicateKey):
        other.admit(record())
    other.shut()


TEXT, OTHER = b"a digest" * 4, b"another." * 4


def test_text_stands_for_the_press_that_came_with_it_first(shelf: Shelf) -> None:
    other = shelf.another()
    shelf.store.admit(record(), TEXT)
    for store in (shelf.store, other):
        with pytest.raises(DuplicateKey) as known:
            store.admit(record(7), TEXT)
        assert known.value.record == store.find_text(TEXT) == record()
        assert store.find(key(7)) is None
        assert store.find_text(OTHER) is None
    other.admit(record(7), OTHER)
    assert shelf.store.find_text(OTHER) == record(7)
    other.shut()


def test_new_text_takes_no_key_that_is_known(shelf: Shelf) -> None:
    """A phone may have pressed under a key that it made up in the origin of its texts."""
    shelf.store.admit(record())
    with pytest.raises(Refusal) as refused:
        shelf.store.admit(record(), TEXT)
    assert refused.value.code is ErrorCode.KEY_REUSED
    assert shelf.store.find_text(TEXT) is None
    shelf.store.admit(record(2), TEXT)
    assert shelf.store.find_text(TEXT) == record(2)


def test_text_goes_with_its_press(shelf: Shelf) -> None:
    shelf.store.admit(record(1), TEXT)
    shelf.store.admit(record(2), OTHER)
    shelf.store.close(applied(record(1)))
    shelf.store.flush()
    shelf.sql("UPDATE presses SET asked_at = 0")
    assert shelf.store.prune(5, 1_000) == 1
    assert shelf.sql("SELECT key FROM texts") == [(key(2),)]
    shelf.store.admit(record(3), TEXT)


def test_store_of_before_texts_were_kept_opens(shelf: Shelf) -> None:
    shelf.store.admit(record())
    shelf.sql("DROP TABLE texts")
    store = shelf.another()
    store.admit(record(2), TEXT)
    assert store.find_text(TEXT) == record(2)
    store.shut()


def test_text_whose_press_somebody_took_out_is_free(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "presses.db")
    shelf.store.admit(record(), TEXT)
    with closing(sqlite3.connect(tmp_path / "presses.db", isolation_level=None)) as db:  # without foreign keys
        db.execute("DELETE FROM presses")
    with pytest.raises(StoreUnavailable):
        shelf.store.admit(record(2), TEXT)
    shelf.store.admit(record(2), TEXT)
    shelf.store.shut()


def test_last_word_is_known_at_once_and_written_soon(shelf: Shelf) -> None:
    shelf.store.admit(record())
    shelf.store.close(applied(record()))
    assert shelf.store.find(key()) == applied(record())
    assert shelf.sql("SELECT word FROM presses") == [("accepted",)]
    shelf.later.pass_by()
    assert shelf.sql("SELECT word FROM presses") == [("applied",)]
    assert shelf.store.find(key()) == applied(record())
    assert shelf.store.open_presses() == []


def test_many_last_words_are_written_at_once(shelf: Shelf) -> None:
    for number in range(1, 101):
        shelf.store.admit(record(number))
        shelf.store.close(applied(record(number)))
    assert len(shelf.later.calls) == 1
    shelf.later.pass_by()
    assert shelf.sql("SELECT count(*) FROM presses WHERE word = 'applied'") == [(100,)]


def test_last_words_are_written_a_part_at_a_time(shelf: Shelf) -> None:
    for number in range(1, WRITTEN_AT_ONCE + 11):
        shelf.store.admit(record(number))
        shelf.store.close(applied(record(number)))
    for written in (WRITTEN_AT_ONCE, WRITTEN_AT_ONCE + 10):
        shelf.later.pass_by()
        assert shelf.sql("SELECT count(*) FROM presses WHERE word = 'applied'") == [(written,)]
    assert shelf.later.calls == []


def test_first_last_word_of_two_stores_stays(shelf: Shelf) -> None:
    other = shelf.another()
    for number in (1, 2):
        shelf.store.admit(record(number))
    for store, first, second in ((shelf.store, 1, 2), (other, 2, 1)):
        status = PressStatus.APPLIED if store is shelf.store else PressStatus.LOST_IN_REBOOT
        store.close(record(first)._replace(status=status))
        store.flush()
        store.close(record(second)._replace(status=status))
    shelf.store.flush()
    other.shut()
    assert shelf.sql("SELECT word FROM presses ORDER BY key") == [("applied",), ("lost_in_reboot",)]


def test_press_stored_with_its_last_word_keeps_it(shelf: Shelf) -> None:
    offline = record()._replace(status=PressStatus.OFFLINE, reason=Reason.BROKER_AWAY)
    shelf.store.admit(offline)
    other = shelf.another()
    with pytest.raises(DuplicateKey) as known:
        other.admit(record())
    assert known.value.record == offline
    other.close(applied(record()))
    other.shut()
    assert shelf.store.find(key()) == offline


def test_first_last_word_stays(shelf: Shelf) -> None:
    shelf.store.admit(record())
    shelf.store.close(applied(record()))
    shelf.later.pass_by()
    shelf.store.close(record()._replace(status=PressStatus.REFUSED, reason=Reason.LATE))
    shelf.later.pass_by()
    assert shelf.store.find(key()) == applied(record())


def test_closed_store_has_written_everything(shelf: Shelf) -> None:
    shelf.store.admit(record())
    shelf.store.close(applied(record()))
    shelf.store.shut()
    again = shelf.another()
    assert again.find(key()) == applied(record())
    again.shut()
    shelf.store = shelf.another()


def test_closed_store_has_no_trouble_with_a_write_that_was_due_later(shelf: Shelf) -> None:
    shelf.store.admit(record())
    shelf.store.close(applied(record()))
    shelf.store.shut()
    shelf.later.pass_by()
    assert shelf.troubles == []


def test_crash_before_the_last_word_was_written_leaves_the_press_open(shelf: Shelf) -> None:
    shelf.store.admit(record())
    shelf.store.close(applied(record()))
    again = shelf.another()
    assert again.open_presses() == [record()]
    again.shut()


def test_origin_belongs_to_the_phone_that_used_it_first(shelf: Shelf) -> None:
    shelf.store.admit(record(1))
    again = shelf.another()
    for store in (shelf.store, again):
        with pytest.raises(Refusal) as refused:
            store.admit(record(2, phone="bob"))
        assert refused.value.code is ErrorCode.FORBIDDEN
    again.admit(record(3))
    again.admit(record(4, phone="bob", origin="f" * 16))
    again.shut()


def test_old_presses_with_a_last_word_are_pruned(shelf: Shelf) -> None:
    for number in range(1, 4):
        shelf.store.admit(record(number))
    shelf.store.close(applied(record(1)))
    shelf.store.close(applied(record(3)))
    shelf.store.flush()
    shelf.sql("UPDATE presses SET asked_at = asked_at - 10000 WHERE key <> ?", key(3))
    assert shelf.store.prune(keep_s=5, keep_presses=1_000) == 1
    assert shelf.sql("SELECT key FROM presses ORDER BY id") == [(key(2),), (key(3),)]
    assert shelf.sql("SELECT count(*) FROM origins") == [(1,)]


def test_clock_that_jumps_ahead_makes_no_press_old(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.store.admit(record())
    shelf.store.close(applied(record()))
    shelf.store.flush()
    jumped = time.time_ns() + 10**6 * 10**9
    monkeypatch.setattr("presslight.cloud.store.wall_clock.time.time_ns", lambda: jumped)
    assert shelf.store.prune(keep_s=600, keep_presses=1_000) == 0
    monkeypatch.setattr(shelf.store._clock, "_now", lambda: time.monotonic_ns() + 700 * 10**9)
    assert shelf.store.prune(keep_s=600, keep_presses=1_000) == 1


def test_presses_over_the_number_kept_are_pruned_a_part_at_a_time(shelf: Shelf) -> None:
    for number in range(1, PRUNED_AT_ONCE + 21):
        shelf.store.admit(record(number))
        shelf.store.close(applied(record(number)))
    while shelf.later.calls:
        shelf.later.pass_by()
    assert shelf.store.prune(keep_s=1_000, keep_presses=10) == PRUNED_AT_ONCE
    assert shelf.store.prune(keep_s=1_000, keep_presses=10) == 10
    assert shelf.store.prune(keep_s=1_000, keep_presses=10) == 0


def test_origin_is_free_again_once_its_presses_are_gone(shelf: Shelf) -> None:
    shelf.store.admit(record(1))
    shelf.store.admit(record(1, origin="f" * 16))
    shelf.store.close(applied(record(1)))
    shelf.store.flush()
    shelf.sql("UPDATE presses SET asked_at = 0")
    assert shelf.store.prune(5, 1_000) == 1
    shelf.store.admit(record(1, phone="bob"))
    with pytest.raises(Refusal):
        shelf.store.admit(record(2, phone="bob", origin="f" * 16))


def test_write_of_another_process_is_noticed(shelf: Shelf) -> None:
    shelf.store.admit(record())
    token = issue_token(shelf.address, "ann")
    assert shelf.store.written_elsewhere()
    assert shelf.store.phone_of(token) == "ann"
    assert shelf.store.phone_of("x") is None


def test_only_tokens_that_were_not_revoked_are_good(shelf: Shelf) -> None:
    tokens = [issue_token(shelf.address, phone) for phone in ("ann", "bob", "cyd")]
    assert shelf.store.valid_tokens([*tokens, "x"]) == set(tokens)
    assert len(revoke_tokens(shelf.address, "bob")) == 1
    assert shelf.store.valid_tokens(tokens) == {tokens[0], tokens[2]}
    assert shelf.store.valid_tokens(["x"]) == set()


def test_token_is_good_until_it_expires(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    now = int(time.time())
    token, other = issue_token(shelf.address, "ann", lasts_s=600), issue_token(shelf.address, "bob")
    assert shelf.store.phone_of(token) == "ann"
    assert not shelf.store.has_expired()
    monkeypatch.setattr("presslight.cloud.store.wall_clock.time.time", lambda: now + 602)
    assert shelf.store.has_expired()
    assert not shelf.store.has_expired()
    assert shelf.store.phone_of(token) is None
    assert shelf.store.valid_tokens([token, other]) == {other}


def test_end_of_a_token_is_not_missed_where_the_store_fails_as_it_is_looked_for(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> NoReturn:
        raise StoreUnavailable

    now = int(time.time())
    issue_token(shelf.address, "ann", lasts_s=600)
    monkeypatch.setattr("presslight.cloud.store.wall_clock.time.time", lambda: now + 602)
    with monkeypatch.context() as failing:
        failing.setattr(shelf.store._database, "run", away)
        with pytest.raises(StoreUnavailable):
            shelf.store.has_expired()
    assert shelf.store.has_expired()


def test_use_of_a_token_is_written_later_and_not_while_it_is_asked_for(shelf: Shelf) -> None:
    tokens = [issue_token(shelf.address, phone) for phone in ("ann", "bob", "cyd")]
    assert shelf.store.phone_of(tokens[0]) == "ann"
    assert shelf.store.phone_of("nobody's") is None
    shelf.store.note_uses([tokens[1], "nobody's"])
    assert [issued.used_at for issued in list_tokens(shelf.address)] == [None, None, None]
    revoke_tokens(shelf.address, "ann")
    shelf.store.write_uses()
    used = {issued.phone: issued.used_at for issued in list_tokens(shelf.address)}
    assert abs((used.pop("bob") or 0) - time.time()) < 60
    assert used == {"cyd": None}
    assert len(shelf.sql("SELECT 1 FROM token_times")) == 1


def test_use_of_a_token_that_expires_leaves_it_its_end(shelf: Shelf) -> None:
    token = issue_token(shelf.address, "ann", lasts_s=600)
    shelf.store.phone_of(token)
    shelf.store.write_uses()
    (issued,) = list_tokens(shelf.address)
    assert issued.expires_at == issued.issued_at + 600
    assert issued.used_at is not None


def test_store_of_before_tokens_had_an_end_opens(shelf: Shelf) -> None:
    token = issue_token(shelf.address, "ann")
    shelf.sql("DROP TABLE token_times")
    store = shelf.another()
    assert store.phone_of(token) == "ann"
    store.shut()


def test_store_of_a_later_version_is_refused(shelf: Shelf) -> None:
    later, now = (
        f"PRAGMA user_version = {version}"
        if isinstance(shelf.address, Path)
        else f"UPDATE store SET version = {version}"
        for version in (99, 1)
    )
    with patient(shelf.address) as database:
        database.run(later)
        with pytest.raises(StoreUnavailable, match="version 99"):
            shelf.another()
        database.run(now)
