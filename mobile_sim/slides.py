"""The sliders of a phone, each pressing when its turn comes."""

import logging
from collections.abc import Callable

from presslight.contract.light import WishFields
from presslight.mobile_sim.errors import PhoneError
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.in_flight_press import InFlightPress
from presslight.mobile_sim.slider import Slider

log = logging.getLogger(__name__)


class Slides:
    """One slider a light. `begin(light, wish)` presses."""

    def __init__(self, begin: Callable[[str, WishFields], InFlightPress]) -> None:
        self._begin = begin
        self._sliders: dict[str, Slider] = {}

    def on_move(self, light: str, wish: WishFields) -> None:
        """Take the finger's newest wish. Raises what a press raises."""
        due = self._sliders.setdefault(light, Slider()).on_move(wish)
        if due is not None:
            self._press(light, due)

    def overrule(self, light: str) -> None:
        """Drop the wish that waits for its turn: the light was pressed otherwise."""
        slider = self._sliders.get(light)
        if slider is not None:
            slider.overrule()

    def _press(self, light: str, wish: WishFields) -> None:
        try:
            flight = self._begin(light, wish)
        except BaseException:
            del self._sliders[light]
            raise
        flight.on_status = lambda status: self._on_status(flight, status)

    def _on_status(self, flight: InFlightPress, status: PhoneStatus) -> None:
        """Once it is known that the press cannot act any more, the next may go."""
        if not status.final and status is not PhoneStatus.UNCONFIRMED:
            return
        flight.on_status = None
        light = flight.frame.light
        wish = self._sliders[light].settled()
        if wish is None:
            return
        try:
            self._press(light, wish)
        except PhoneError as error:
            log.warning("the slider of %s stopped at %s: %s", light, wish, error)
