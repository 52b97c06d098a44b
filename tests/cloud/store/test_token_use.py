from presslight.cloud.store.token_use import WRITTEN_EACH_S, TokenUse

ANN, BOB = b"ann", b"bob"


def test_token_is_due_once_it_was_used() -> None:
    uses = TokenUse()
    assert uses.due(9) == []
    uses.note_use(ANN, 1_000)
    assert uses.due(9) == [ANN]
    uses.on_written([ANN], 1_001)
    assert uses.due(9) == []


def test_token_in_steady_use_is_written_once_in_a_while() -> None:
    uses = TokenUse()
    uses.on_written([ANN], 1_000)
    uses.note_use(ANN, 1_000 + WRITTEN_EACH_S - 1)
    assert uses.due(9) == []
    uses.note_use(ANN, 1_000 + WRITTEN_EACH_S)
    assert uses.due(9) == [ANN]


def test_use_after_a_clock_was_set_back_is_written() -> None:
    uses = TokenUse()
    uses.on_written([ANN], 10**9)
    uses.note_use(ANN, 1_000)
    assert uses.due(9) == [ANN]


def test_no_more_are_due_at_once_than_asked_for() -> None:
    uses = TokenUse()
    for token in (ANN, BOB):
        uses.note_use(token, 1_000)
    assert len(uses.due(1)) == 1
    assert set(uses.due(2)) == {ANN, BOB}
