"""Without any one of its safeguards, the system breaks a promise, and the world finds out."""

import pytest

from tests.world.judge import Broken
from tests.world.life import live
from tests.world.teeth import TEETH, Tooth

MOST_LIVES = 600


@pytest.mark.parametrize("tooth", TEETH, ids=lambda tooth: tooth.name)
def test_loss_of_a_safeguard_is_found(tooth: Tooth) -> None:
    with tooth.without(), pytest.raises(Broken) as broken:
        _live_many(tooth.first)
    assert str(broken.value).startswith(tooth.breaks)


def _live_many(first: int) -> None:
    for seed in range(first, first + MOST_LIVES):
        live(seed)
