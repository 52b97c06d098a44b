"""Two bridges on one store: neither contradicts what the other has told a phone or stored."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from presslight.cloud.core.principal import Principal
from presslight.cloud.errors import Refusal
from presslight.cloud.store.database import Address
from presslight.cloud.store.group_commit import OnSynced
from presslight.contract.errors import ErrorCode
from presslight.contract.mqtt import decode_set
from presslight.contract.phone import Wish
from tests.cloud.model_light import ModelLight
from tests.cloud.ports import BOOT, Harness, key
from tests.cloud.store_harness import StoreHarness


class Replica(NamedTuple):
    """A bridge and its store."""

    harness: Harness
    tested: StoreHarness


class Replicas:
    """Two bridges, `a` and `b`, with a connection each to one database, and the light that both reach."""

    def __init__(self, address: Address) -> None:
        self.light = ModelLight()
        self.light.boot = BOOT
        self.all: list[Replica] = []
        self.address = address
        self.a, self.b = self.start(), self.start()

    def start(self) -> Replica:
        """Start a bridge. An earlier one goes on without being told."""
        tested = StoreHarness(self.address)
        harness = Harness(store=tested.store)  # type: ignore[arg-type]  # a real store takes its place
        tested.store._now = lambda: harness.now
        self.all.append(Replica(harness, tested))
        return self.all[-1]

    def deliver(self, *harnesses: Harness) -> None:
        """Deliver everything published so far to the light, then its reports to these bridges."""
        for replica in self.all:
            for message in replica.harness.publisher.messages:
                self.light.receive(decode_set(message), 1_100)
            replica.harness.publisher.messages.clear()
        for harness in harnesses:
            harness.presses.on_report("kitchen", self.light.report(1_100), harness.now, live=True)

    @property
    def acted(self) -> list[str]:
        return [pressed for pressed, _, _ in self.light.acted]


class AtOnce:
    """A GroupCommit that commits at once, as these bridges have no event loop."""

    def __init__(self, sync: Callable[[], None]) -> None:
        self._sync = sync

    def call_when_synced(self, then: OnSynced) -> None:
        self._sync()
        then(None)

    def close(self) -> None:
        """Nothing runs."""


@pytest.fixture
def replicas(address: Address, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replicas]:
    monkeypatch.setattr("presslight.cloud.store.sqlite.GroupCommit", AtOnce)
    made = Replicas(address)
    yield made
    for replica in made.all:
        replica.tested.store.shut()


def test_one_key_through_both_acts_once_and_both_say_so(replicas: Replicas) -> None:
    a, b = replicas.a.harness, replicas.b.harness
    heard = [a.ask(), b.ask()]
    assert [listener.words for listener in heard] == [["accepted"], ["accepted"]]
    assert (len(a.publisher.sent), len(b.publisher.sent)) == (1, 1)
    replicas.deliver(a, b)
    assert [listener.last for listener in heard] == ["applied", "applied"]
    assert replicas.acted == [key()]


def test_offline_of_one_is_the_others_word_too(replicas: Replicas) -> None:
    a, b = replicas.a.harness, replicas.b.harness
    a.presses.on_broker(found=False, now=a.now)
    assert a.ask().words == ["offline broker_away"]
    assert b.ask().words == ["offline broker_away"]
    assert b.publisher.sent == []
    a.presses.on_broker(found=True, now=a.now)
    assert replicas.start().harness.publisher.sent == []
    assert replicas.acted == []


def test_press_that_one_took_is_not_offline_at_the_other(replicas: Replicas) -> None:
    a, b = replicas.a.harness, replicas.b.harness
    b.presses.on_broker(found=False, now=b.now)
    a.ask()
    at_b = b.ask()
    assert at_b.words == ["accepted"]
    replicas.deliver(a)
    b.presses.on_broker(found=True, now=b.now)
    replicas.deliver(b)
    assert at_b.words == ["accepted", "applied"]
    assert replicas.acted == [key()]


def test_press_of_one_that_died_before_it_sent_is_taken_over(replicas: Replicas) -> None:
    a, b = replicas.a.harness, replicas.b.harness
    a.publisher.down = True
    a.ask()
    at_b = b.ask()
    replicas.deliver(b)
    assert at_b.words == ["accepted", "applied"]
    assert replicas.acted == [key()]


def test_one_that_starts_takes_up_what_another_holds_and_nothing_is_said_twice(replicas: Replicas) -> None:
    a = replicas.a.harness
    at_a = a.ask()
    late = replicas.start()
    assert late.harness.publisher.sent == []
    replicas.deliver(a, late.harness)
    assert at_a.words == ["accepted", "applied"]
    for replica in replicas.all:
        replica.tested.store.flush()
    assert late.harness.ask().words == ["applied"]
    assert replicas.acted == [key()]


def test_last_word_of_one_is_found_by_another_that_never_heard_of_the_press(replicas: Replicas) -> None:
    a, b = replicas.a.harness, replicas.b.harness
    a.ask()
    replicas.deliver(a)
    replicas.a.tested.store.flush()
    assert b.ask().words == ["applied"]
    assert b.presses.status_of(key(), Principal("ann")).status == "applied"
    assert b.publisher.sent == []


def test_one_that_did_not_follow_the_press_never_says_that_it_did_not_happen(replicas: Replicas) -> None:
    """B did not know the press when the light answered, so it asks the light again."""
    a, b = replicas.a.harness, replicas.b.harness
    a.ask()
    replicas.deliver(a)
    at_b = b.ask()
    for up in (4_000, 9_000):
        b.later(10_000)
        b.report(up=up)
        assert at_b.last in ("accepted", "unconfirmed")
    assert len(b.publisher.sent) > 1
    replicas.deliver(b)
    assert at_b.last == "applied"
    assert replicas.acted == [key()]


def test_both_name_the_phone_that_changed_the_light(replicas: Replicas) -> None:
    a, b = replicas.a.harness, replicas.b.harness
    a.ask()
    replicas.deliver(a, b)
    for harness in (a, b, replicas.start().harness):
        harness.presses.on_report("kitchen", replicas.light.report(1_100), harness.now, live=True)
        change = harness.presses.lights.view("kitchen", harness.now).change
        assert change is not None
        assert (change.by, change.phone) == ("phone", "ann")


TEXT = b"a digest" * 4


def test_one_text_through_both_acts_once_also_in_the_next_life(replicas: Replicas) -> None:
    a, b = replicas.a.harness, replicas.b.harness
    heard = [a.ask(key="", text=TEXT), b.ask(key="", text=TEXT), a.ask(key="", text=TEXT)]
    replicas.deliver(a, b)
    assert [listener.last for listener in heard] == ["applied"] * 3
    assert len({told.key for listener in heard for told in listener.outcomes}) == 1
    for replica in replicas.all:
        replica.tested.store.flush()
    assert replicas.start().harness.ask(key="", text=TEXT).words == ["applied"]
    assert len(replicas.acted) == 1


def test_texts_of_one_phone_through_both_are_each_applied(replicas: Replicas) -> None:
    """Each bridge numbers keys in an origin of its own, so that neither supersedes the other's."""
    a, b = replicas.a.harness, replicas.b.harness
    heard = [harness.ask(key="", text=bytes([number]) * 32) for number, harness in enumerate([a, b, b, a])]
    replicas.deliver(a, b)
    assert [listener.last for listener in heard] == ["applied"] * 4
    assert len(replicas.acted) == 4


def test_payload_and_phone_of_a_key_are_the_same_everywhere(replicas: Replicas) -> None:
    a, b = replicas.a.harness, replicas.b.harness
    a.ask()
    with pytest.raises(Refusal) as reused:
        b.ask(patience_ms=500, set=Wish(state="OFF"))
    with pytest.raises(Refusal) as forbidden:
        b.ask(phone="bob")
    assert (reused.value.code, forbidden.value.code) == (ErrorCode.KEY_REUSED, ErrorCode.FORBIDDEN)
    assert b.publisher.sent == []
