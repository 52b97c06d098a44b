"""Without any one of its safeguards, the system breaks a promise, and the world finds out."""

import pytest

from tests.world.judge import Broken
from tests.world.life import live
from tests.world.mutations import MUTATIONS, Mutation

MOST_LIVES = 600


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_loss_of_a_safeguard_is_found(mutation: Mutation) -> None:
    with mutation.without(), pytest.raises(Broken) as broken:
        _live_many(mutation.first)
    assert str(broken.value).startswith(mutation.breaks)


def _live_many(first: int) -> None:
    for seed in range(first, first + MOST_LIVES):
        live(seed)
