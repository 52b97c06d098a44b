"""The sums of a run of presses. Pure."""

from collections import Counter

from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.journey import Journey
from presslight.mobile_sim.measure.percentiles import Spread

LEGS = ("phone_network", "bridge", "broker_ack", "broker_and_light_travel", "light")
"""`bridge` lies inside the whole, `broker_ack`, `broker_and_light_travel` and `light` inside `bridge`."""


class Tally:
    """Counts journeys, and how late the generator was."""

    def __init__(self) -> None:
        self.words: Counter[PhoneStatus] = Counter()
        self.failures: Counter[str] = Counter()
        """Presses that were not applied, as `status` or `word: reason`."""
        self.unmeasured = 0
        """Applied presses whose legs are not known (their total counts as press → light)."""
        self.confirmation = Spread()
        self.light = Spread()
        self.error = Spread()
        self.legs = {leg: Spread() for leg in LEGS}
        self.lateness = Spread()

    def add(self, journey: Journey) -> None:
        """One press is over, or was given up."""
        self.words[journey.status] += 1
        if journey.status is not PhoneStatus.APPLIED or journey.total_ms is None:
            self.failures[f"{journey.status}: {journey.reason}" if journey.reason else str(journey.status)] += 1
            return
        self.confirmation.add(journey.total_ms)
        self.unmeasured += journey.press_to_light_ms is None
        self.light.add(journey.total_ms if journey.press_to_light_ms is None else journey.press_to_light_ms)
        self._add_legs(journey)

    def _add_legs(self, journey: Journey) -> None:
        if journey.error_ms is not None:
            self.error.add(journey.error_ms)
        known = (
            journey.phone_network_ms,
            journey.bridge_ms,
            journey.broker_ack_ms,
            journey.light_travel_ms,
            journey.light_ms,
        )
        for leg, ms in zip(LEGS, known, strict=True):
            if ms is not None:
                self.legs[leg].add(ms)
