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
from tests.cloud.store_harness import StoreHarness, applied, record


@pytest.fixture
def tested(address: Address) -> Iterator[StoreHarness]:
    made = StoreHarness(address)
    yield made
    made.store.shut()


def test_stored_press_is_found_as_it_was(tested: StoreHarness) -> None:
    tested.store.admit(record())
    assert tested.store.find(key()) == record()
    assert tested.store.find(key(2)) is None
    assert tested.store.open_presses() == [record()]


def test_press_survives_a_kill_once_admit_returns(tested: StoreHarness) -> None:
    tested.store.admit(record())
    assert tested.sql("SELECT key, word FROM presses") == [(key(), "accepted")]


def test_known_key_is_not_stored_again(tested: StoreHarness) -> None:
    tested.store.admit(record())
    with pytest.raises(DuplicateKey) as known:
        tested.store.admit(record()._replace(payload="other"))
    assert known.value.record == record()


def test_two_stores_on_one_database_admit_a_key_once(tested: StoreHarness) -> None:
    other = tested.another()
    tested.store.admit(record())
    with pytest.raises(DuplicateKey):
        other.admit(record())
    other.shut()


TEXT, OTHER = b"a digest" * 4, b"another." * 4


def test_text_stands_for_the_press_that_came_with_it_first(tested: StoreHarness) -> None:
    other = tested.another()
    tested.store.admit(record(), TEXT)
    for store in (tested.store, other):
        with pytest.raises(DuplicateKey) as known:
            store.admit(record(7), TEXT)
        assert known.value.record == store.find_text(TEXT) == record()
        assert store.find(key(7)) is None
        assert store.find_text(OTHER) is None
    other.admit(record(7), OTHER)
    assert tested.store.find_text(OTHER) == record(7)
    other.shut()


def test_new_text_takes_no_key_that_is_known(tested: StoreHarness) -> None:
    """A phone may have pressed under a key that it made up in the origin of its texts."""
    tested.store.admit(record())
    with pytest.raises(Refusal) as refused:
        tested.store.admit(record(), TEXT)
    assert refused.value.code is ErrorCode.KEY_REUSED
    assert tested.store.find_text(TEXT) is None
    tested.store.admit(record(2), TEXT)
    assert tested.store.find_text(TEXT) == record(2)


def test_text_goes_with_its_press(tested: StoreHarness) -> None:
    tested.store.admit(record(1), TEXT)
    tested.store.admit(record(2), OTHER)
    tested.store.close(applied(record(1)))
    tested.store.flush()
    tested.sql("UPDATE presses SET asked_at = 0")
    assert tested.store.prune(5, 1_000) == 1
    assert tested.sql("SELECT key FROM texts") == [(key(2),)]
    tested.store.admit(record(3), TEXT)


def test_store_of_before_texts_were_kept_opens(tested: StoreHarness) -> None:
    tested.store.admit(record())
    tested.sql("DROP TABLE texts")
    store = tested.another()
    store.admit(record(2), TEXT)
    assert store.find_text(TEXT) == record(2)
    store.shut()


def test_text_whose_press_somebody_took_out_is_free(tmp_path: Path) -> None:
    tested = StoreHarness(tmp_path / "presses.db")
    tested.store.admit(record(), TEXT)
    with closing(sqlite3.connect(tmp_path / "presses.db", isolation_level=None)) as db:  # without foreign keys
        db.execute("DELETE FROM presses")
    with pytest.raises(StoreUnavailable):
        tested.store.admit(record(2), TEXT)
    tested.store.admit(record(2), TEXT)
    tested.store.shut()


def test_last_word_is_known_at_once_and_written_soon(tested: StoreHarness) -> None:
    tested.store.admit(record())
    tested.store.close(applied(record()))
    assert tested.store.find(key()) == applied(record())
    assert tested.sql("SELECT word FROM presses") == [("accepted",)]
    tested.later.pass_by()
    assert tested.sql("SELECT word FROM presses") == [("applied",)]
    assert tested.store.find(key()) == applied(record())
    assert tested.store.open_presses() == []


def test_many_last_words_are_written_at_once(tested: StoreHarness) -> None:
    for number in range(1, 101):
        tested.store.admit(record(number))
        tested.store.close(applied(record(number)))
    assert len(tested.later.calls) == 1
    tested.later.pass_by()
    assert tested.sql("SELECT count(*) FROM presses WHERE word = 'applied'") == [(100,)]


def test_last_words_are_written_a_part_at_a_time(tested: StoreHarness) -> None:
    for number in range(1, WRITTEN_AT_ONCE + 11):
        tested.store.admit(record(number))
        tested.store.close(applied(record(number)))
    for written in (WRITTEN_AT_ONCE, WRITTEN_AT_ONCE + 10):
        tested.later.pass_by()
        assert tested.sql("SELECT count(*) FROM presses WHERE word = 'applied'") == [(written,)]
    assert tested.later.calls == []


def test_first_last_word_of_two_stores_stays(tested: StoreHarness) -> None:
    other = tested.another()
    for number in (1, 2):
        tested.store.admit(record(number))
    for store, first, second in ((tested.store, 1, 2), (other, 2, 1)):
        status = PressStatus.APPLIED if store is tested.store else PressStatus.LOST_IN_REBOOT
        store.close(record(first)._replace(status=status))
        store.flush()
        store.close(record(second)._replace(status=status))
    tested.store.flush()
    other.shut()
    assert tested.sql("SELECT word FROM presses ORDER BY key") == [("applied",), ("lost_in_reboot",)]


def test_press_stored_with_its_last_word_keeps_it(tested: StoreHarness) -> None:
    offline = record()._replace(status=PressStatus.OFFLINE, reason=Reason.BROKER_AWAY)
    tested.store.admit(offline)
    other = tested.another()
    with pytest.raises(DuplicateKey) as known:
        other.admit(record())
    assert known.value.record == offline
    other.close(applied(record()))
    other.shut()
    assert tested.store.find(key()) == offline


def test_first_last_word_stays(tested: StoreHarness) -> None:
    tested.store.admit(record())
    tested.store.close(applied(record()))
    tested.later.pass_by()
    tested.store.close(record()._replace(status=PressStatus.REFUSED, reason=Reason.LATE))
    tested.later.pass_by()
    assert tested.store.find(key()) == applied(record())


def test_closed_store_has_written_everything(tested: StoreHarness) -> None:
    tested.store.admit(record())
    tested.store.close(applied(record()))
    tested.store.shut()
    again = tested.another()
    assert again.find(key()) == applied(record())
    again.shut()
    tested.store = tested.another()


def test_closed_store_has_no_trouble_with_a_write_that_was_due_later(tested: StoreHarness) -> None:
    tested.store.admit(record())
    tested.store.close(applied(record()))
    tested.store.shut()
    tested.later.pass_by()
    assert tested.troubles == []


def test_crash_before_the_last_word_was_written_leaves_the_press_open(tested: StoreHarness) -> None:
    tested.store.admit(record())
    tested.store.close(applied(record()))
    again = tested.another()
    assert again.open_presses() == [record()]
    again.shut()


def test_origin_belongs_to_the_phone_that_used_it_first(tested: StoreHarness) -> None:
    tested.store.admit(record(1))
    again = tested.another()
    for store in (tested.store, again):
        with pytest.raises(Refusal) as refused:
            store.admit(record(2, phone="bob"))
        assert refused.value.code is ErrorCode.FORBIDDEN
    again.admit(record(3))
    again.admit(record(4, phone="bob", origin="f" * 16))
    again.shut()


def test_old_presses_with_a_last_word_are_pruned(tested: StoreHarness) -> None:
    for number in range(1, 4):
        tested.store.admit(record(number))
    tested.store.close(applied(record(1)))
    tested.store.close(applied(record(3)))
    tested.store.flush()
    tested.sql("UPDATE presses SET asked_at = asked_at - 10000 WHERE key <> ?", key(3))
    assert tested.store.prune(keep_s=5, keep_presses=1_000) == 1
    assert tested.sql("SELECT key FROM presses ORDER BY id") == [(key(2),), (key(3),)]
    assert tested.sql("SELECT count(*) FROM origins") == [(1,)]


def test_clock_that_jumps_ahead_makes_no_press_old(tested: StoreHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    tested.store.admit(record())
    tested.store.close(applied(record()))
    tested.store.flush()
    jumped = time.time_ns() + 10**6 * 10**9
    monkeypatch.setattr("presslight.cloud.store.wall_clock.time.time_ns", lambda: jumped)
    assert tested.store.prune(keep_s=600, keep_presses=1_000) == 0
    monkeypatch.setattr(tested.store._clock, "_now", lambda: time.monotonic_ns() + 700 * 10**9)
    assert tested.store.prune(keep_s=600, keep_presses=1_000) == 1


def test_presses_over_the_number_kept_are_pruned_a_part_at_a_time(tested: StoreHarness) -> None:
    for number in range(1, PRUNED_AT_ONCE + 21):
        tested.store.admit(record(number))
        tested.store.close(applied(record(number)))
    while tested.later.calls:
        tested.later.pass_by()
    assert tested.store.prune(keep_s=1_000, keep_presses=10) == PRUNED_AT_ONCE
    assert tested.store.prune(keep_s=1_000, keep_presses=10) == 10
    assert tested.store.prune(keep_s=1_000, keep_presses=10) == 0


def test_origin_is_free_again_once_its_presses_are_gone(tested: StoreHarness) -> None:
    tested.store.admit(record(1))
    tested.store.admit(record(1, origin="f" * 16))
    tested.store.close(applied(record(1)))
    tested.store.flush()
    tested.sql("UPDATE presses SET asked_at = 0")
    assert tested.store.prune(5, 1_000) == 1
    tested.store.admit(record(1, phone="bob"))
    with pytest.raises(Refusal):
        tested.store.admit(record(2, phone="bob", origin="f" * 16))


def test_write_of_another_process_is_noticed(tested: StoreHarness) -> None:
    tested.store.admit(record())
    token = issue_token(tested.address, "ann")
    assert tested.store.written_elsewhere()
    assert tested.store.phone_of(token) == "ann"
    assert tested.store.phone_of("x") is None


def test_only_tokens_that_were_not_revoked_are_good(tested: StoreHarness) -> None:
    tokens = [issue_token(tested.address, phone) for phone in ("ann", "bob", "cyd")]
    assert tested.store.valid_tokens([*tokens, "x"]) == set(tokens)
    assert len(revoke_tokens(tested.address, "bob")) == 1
    assert tested.store.valid_tokens(tokens) == {tokens[0], tokens[2]}
    assert tested.store.valid_tokens(["x"]) == set()


def test_token_is_good_until_it_expires(tested: StoreHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    now = int(time.time())
    token, other = issue_token(tested.address, "ann", lasts_s=600), issue_token(tested.address, "bob")
    assert tested.store.phone_of(token) == "ann"
    assert not tested.store.has_expired()
    monkeypatch.setattr("presslight.cloud.store.wall_clock.time.time", lambda: now + 602)
    assert tested.store.has_expired()
    assert not tested.store.has_expired()
    assert tested.store.phone_of(token) is None
    assert tested.store.valid_tokens([token, other]) == {other}


def test_end_of_a_token_is_not_missed_where_the_store_fails_as_it_is_looked_for(
    tested: StoreHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> NoReturn:
        raise StoreUnavailable

    now = int(time.time())
    issue_token(tested.address, "ann", lasts_s=600)
    monkeypatch.setattr("presslight.cloud.store.wall_clock.time.time", lambda: now + 602)
    with monkeypatch.context() as failing:
        failing.setattr(tested.store._database, "run", away)
        with pytest.raises(StoreUnavailable):
            tested.store.has_expired()
    assert tested.store.has_expired()


def test_use_of_a_token_is_written_later_and_not_while_it_is_asked_for(tested: StoreHarness) -> None:
    tokens = [issue_token(tested.address, phone) for phone in ("ann", "bob", "cyd")]
    assert tested.store.phone_of(tokens[0]) == "ann"
    assert tested.store.phone_of("nobody's") is None
    tested.store.note_uses([tokens[1], "nobody's"])
    assert [issued.used_at for issued in list_tokens(tested.address)] == [None, None, None]
    revoke_tokens(tested.address, "ann")
    tested.store.write_uses()
    used = {issued.phone: issued.used_at for issued in list_tokens(tested.address)}
    assert abs((used.pop("bob") or 0) - time.time()) < 60
    assert used == {"cyd": None}
    assert len(tested.sql("SELECT 1 FROM token_times")) == 1


def test_use_of_a_token_that_expires_leaves_it_its_end(tested: StoreHarness) -> None:
    token = issue_token(tested.address, "ann", lasts_s=600)
    tested.store.phone_of(token)
    tested.store.write_uses()
    (issued,) = list_tokens(tested.address)
    assert issued.expires_at == issued.issued_at + 600
    assert issued.used_at is not None


def test_store_of_before_tokens_had_an_end_opens(tested: StoreHarness) -> None:
    token = issue_token(tested.address, "ann")
    tested.sql("DROP TABLE token_times")
    store = tested.another()
    assert store.phone_of(token) == "ann"
    store.shut()


def test_store_of_a_later_version_is_refused(tested: StoreHarness) -> None:
    later, now = (
        f"PRAGMA user_version = {version}"
        if isinstance(tested.address, Path)
        else f"UPDATE store SET version = {version}"
        for version in (99, 1)
    )
    with patient(tested.address) as database:
        database.run(later)
        with pytest.raises(StoreUnavailable, match="version 99"):
            tested.another()
        database.run(now)
