"""What may become of a light's power."""

import pytest

from presslight.simulated.power import MOVES, Power


@pytest.mark.parametrize("power", Power)
def test_a_light_without_power_gets_it_and_one_with_power_can_lose_it(power: Power) -> None:
    assert (Power.ON in MOVES[power]) == (power is not Power.ON)
    assert (Power.OFF in MOVES[power]) == (power is Power.ON)
    assert power not in MOVES[power]


def test_only_a_light_that_has_power_can_die() -> None:
    assert [power for power in Power if Power.DIED in MOVES[power]] == [Power.ON]
