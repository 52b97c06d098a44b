"""The journey of a press: its status, and how long each leg of it took. Pure.

All durations nest, each on one clock: the phone's total contains the bridge's, which contains the light's. What lies
between two of them is travel, both ways together, but for what the press had waited in the phone. Which part of the
travel was the way back nobody can tell without a common clock, so it is taken as half of it, plus or minus that half.
"""

from typing import NamedTuple

from presslight.contract.phone import Legs
from presslight.contract.words import Version
from presslight.mobile_sim.events import PhoneStatus


class Journey(NamedTuple):
    """A press as the phone knows it now.

    `status`: what the phone says of it. `reason`: why it was refused or offline, or the code of the bridge's error.
    `total_ms`: finger → last word said, None before that. `waited_ms`: finger → first copy sent. `copies`: how often it
    was sent. `version`: the light's, with `applied`. `legs`: what bridge and light measured, if they told.
    """

    key: str
    light: str
    status: PhoneStatus
    reason: str | None = None
    total_ms: float | None = None
    waited_ms: float = 0
    version: Version | None = None
    copies: int = 0
    legs: Legs | None = None

    @property
    def press_to_light_ms(self) -> float | None:
        """Finger → output changed, plus or minus `error_ms`. None unless applied and measured."""
        travel = self.travel_ms
        return None if travel is None or self.total_ms is None else self.total_ms - travel / 2

    @property
    def error_ms(self) -> float | None:
        """How far off `press_to_light_ms` may be, either way."""
        return None if self.travel_ms is None else self.travel_ms / 2

    @property
    def travel_ms(self) -> float | None:
        """Both ways, bridge and broker included: all but the wait in the phone and the light's own time."""
        return self._on_the_way(self.light_ms)

    @property
    def phone_network_ms(self) -> float | None:
        """Phone → bridge and back: what the bridge did not see, but for the wait in the phone."""
        return self._on_the_way(self.bridge_ms)

    @property
    def bridge_ms(self) -> float | None:
        """Press frame in → the light's report in, on the bridge's clock."""
        return self.legs.bridge_us / 1_000 if self._is_measured() and self.legs else None

    @property
    def light_travel_ms(self) -> float | None:
        """Bridge → broker → light and back: the bridge's total without the light's."""
        if self.bridge_ms is None or self.light_ms is None:
            return None
        return max(0.0, self.bridge_ms - self.light_ms)

    @property
    def broker_ack_ms(self) -> float | None:
        """Set handed to the broker → its PUBACK."""
        return self.legs.ack_us / 1_000 if self.legs and self.legs.ack_us is not None else None

    @property
    def light_ms(self) -> float | None:
        """Set read → output changed, on the light's clock."""
        return self.legs.light_us / 1_000 if self._is_measured() and self.legs else None

    def _on_the_way(self, inside_ms: float | None) -> float | None:
        if inside_ms is None or self.total_ms is None:
            return None
        return max(0.0, self.total_ms - self.waited_ms - inside_ms)

    def _is_measured(self) -> bool:
        return self.status is PhoneStatus.APPLIED and self.legs is not None
