"""The presses that wait until they are on the disk: nobody has heard of one before, and nobody acts on it. Pure."""

from collections.abc import Callable

from presslight.cloud.core.listeners import tell_each
from presslight.cloud.core.open_presses import OpenPresses
from presslight.cloud.core.ports import Observer, OutcomeListener, PressStore
from presslight.cloud.core.press import Press, State
from presslight.cloud.errors import Refusal
from presslight.contract.phone_codec import encode


class DiskWaits:
    """`on_disk` hears of each press at which time (ns) it is there."""

    def __init__(
        self, store: PressStore, presses: OpenPresses, observer: Observer, on_disk: Callable[[Press, int], None]
    ) -> None:
        self._store = store
        self._presses = presses
        self._observer = observer
        self._on_disk = on_disk
        self._asked_meanwhile: dict[str, list[OutcomeListener]] = {}

    def begin(self, press: Press) -> None:
        """Have a press on the disk that was just stored."""
        self._store.sync(lambda now, error: self._end(press, now, error))

    def ask_again(self, press: Press, listener: OutcomeListener) -> None:
        """Somebody asks for a press again: who asks n times is answered n times."""
        if press.state is State.STORED and listener in self._presses.listeners(press.order.key):
            self._asked_meanwhile.setdefault(press.order.key, []).append(listener)

    def _end(self, press: Press, now: int, error: Refusal | None) -> None:
        key = press.order.key
        again = self._asked_meanwhile.pop(key, [])
        try:
            if error is None:
                self._on_disk(press, now)
                outcome = press.outcome()
                text = encode(outcome)
                tell_each(again, lambda listener: listener.on_outcome(outcome, text), key, self._observer)
            else:
                self._give_up(press, error)
        except Exception as defect:  # the others that waited with it go on
            self._observer.on_defect(key, defect)

    def _give_up(self, press: Press, refusal: Refusal) -> None:
        """Say that a press could not be stored. It was not sent, and is not until somebody asks for it again."""
        key = press.order.key
        listeners = self._presses.listeners(key)
        self._presses.remove(press)
        tell_each(listeners, lambda listener: listener.on_refusal(key, refusal), key, self._observer)
