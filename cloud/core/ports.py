"""The interfaces that `Presses` needs: shells implement them, tests have stand-ins."""

from collections.abc import Callable
from typing import Protocol

from presslight.cloud.core.press import Press
from presslight.cloud.core.record import Record
from presslight.cloud.core.report_effect import ReportEffect
from presslight.cloud.errors import Refusal, StoreUnavailable
from presslight.contract.phone import PressOutcome


class OutcomeListener(Protocol):
    """Whoever asked for a press and is told each of its statuses."""

    def on_outcome(self, outcome: PressOutcome, text: str) -> None:
        """A status of a press: `outcome`, and `text`, the frame made of it once for all."""

    def on_refusal(self, key: str, refusal: Refusal) -> None:
        """A press could not be stored after all."""


class PressStore(Protocol):
    """The store of presses. Each raises StoreUnavailable, but `close`, which keeps what it could not write."""

    def admit(self, record: Record, text: bytes | None = None) -> None:
        """Store a new press, and the digest of the text that stands for its key.

        Raises DuplicateKey where key or text are known; Refusal: FORBIDDEN if the key's origin is another phone's,
        KEY_REUSED if the key of a new text is known.
        """

    def sync(self, then: Callable[[int, StoreUnavailable | None], None]) -> None:
        """Have `then` called with the time (ns), now or later, once all admitted so far survives a power cut."""

    def close(self, record: Record) -> None:
        """Store a final status."""

    def find(self, key: str) -> Record | None:
        """The stored press; None where there is none."""

    def find_text(self, text: bytes) -> Record | None:
        """The stored press whose key is that of a text; None where there is none."""

    def open_presses(self) -> list[Record]:
        """The presses without a final status."""

    def asked_to_forget(self, light: str) -> int | None:
        """When (Unix ms) a light was last asked to be forgotten."""


class LightPublisher(Protocol):
    """The connection to the broker."""

    def publish(self, light: str, message: bytes, key: str) -> int | None:
        """Send a set message. Answers when (ns) it was handed over, None if there is no broker."""

    def clear_availability(self, light: str) -> None:
        """Have the broker not keep that a light is offline."""

    def publish_offline(self, light: str) -> None:
        """Have the broker keep that a light is offline. A light that hears it and is there says the contrary."""

    def reconnect(self) -> None:
        """Connect anew, to listen to whom is wanted now; what comes on the connection that there is is given up."""


class Broadcaster(Protocol):
    """The phones, all of them."""

    def send_light(self, name: str, text: str) -> None:
        """A light changed or is gone; `text` is the frame."""

    def send_broker_status(self, text: str) -> None:
        """The broker was lost or found; `text` is the frame."""


class Observer(Protocol):
    """Metrics and logs."""

    def on_status(self, press: Press) -> None:
        """A press has a new status."""

    def on_report(self, light: str, effect: ReportEffect) -> None:
        """A report was taken in."""

    def on_defect(self, where: str, error: Exception) -> None:
        """The bridge itself failed at something."""
