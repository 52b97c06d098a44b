"""The bridge's metrics in Prometheus's text format. Each bridge has a registry of its own. Durations are in seconds."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily

from presslight.cloud.core.legs import press_to_light_us, travel_us
from presslight.cloud.core.press import Press
from presslight.contract.errors import ErrorCode
from presslight.contract.phone import Legs

_US = 1e-6
_MS = 1e-3
_JOURNEY = (
    0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0,
)  # fmt: skip
_LEG = (
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
)  # fmt: skip


LabelledCounts: TypeAlias = Iterable[tuple[tuple[str, ...], int]]
"""Counts, each with the values of its labels."""


class Metrics:
    """Histograms, counters and gauges of a bridge; their help texts say what they mean."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        ProcessCollector(registry=registry)
        self.to_light = Histogram(
            "press_to_light_seconds",
            "Finger → changed output: what had passed when the press came in, half a round trip of its phone, and the "
            "bridge's part less the way back.",
            buckets=_JOURNEY,
            registry=registry,
        )
        self.to_confirmation = Histogram(
            "press_to_confirmation_seconds",
            "Finger → `applied` shown, as phones tell it.",
            buckets=_JOURNEY,
            registry=registry,
        )
        leg = Histogram(
            "press_leg_seconds",
            "Parts of a press. bridge: frame in → report in; ack: set handed over → PUBACK; light: set read → output "
            "changed; travel: bridge less light; phone: shown less bridge.",
            ["leg"],
            buckets=_LEG,
            registry=registry,
        )
        self._legs = {name: leg.labels(name) for name in ("bridge", "ack", "light", "travel", "phone")}
        self._status = cache(
            self._counter("press_statuses", "Statuses of presses that were told.", "status", "reason").labels
        )
        self._error = cache(self._counter("errors", "Errors that phones were told.", "code").labels)
        self.bad_messages = self._counter(
            "bad_mqtt_messages", "Messages of the broker that could not be used.", "cause"
        )
        self.report = cache(self._counter("reports", "Lights' reports, by what they told us.", "kind").labels)
        self.gaps = self._counter("report_gaps", "Reports before which answers of the light were missed.")
        self.failed_sign_ins = self._counter("failed_sign_ins", "Times that somebody came without a good token.")
        self.dropped_strangers = self._counter(
            "dropped_strangers", "Connections that had not signed in and were dropped as others came."
        )
        self.troubles = self._counter("troubles", "What went wrong at the bridge, by kind.", "kind")

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"presslight_{name}", text, labels, registry=self._registry)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Register a gauge that `read` is called for at each scrape."""
        Gauge(f"presslight_{name}", text, registry=self._registry).set_function(read)

    def counts(self, name: str, text: str, labels: tuple[str, ...], read: Callable[[], LabelledCounts]) -> None:
        """Register counters that another object keeps; `read` is called at each scrape."""
        self._registry.register(_CallbackCounter(f"presslight_{name}", text, labels, read))

    def on_status(self, press: Press) -> None:
        """Count a press's new status, and measure its legs once it has acted."""
        self._status(press.status, press.reason or "").inc()
        if press.legs is not None and press.stamps is not None:
            self._observe_legs(press.stamps.before_us, press.legs)

    def _observe_legs(self, before_us: int, legs: Legs) -> None:
        self.to_light.observe(press_to_light_us(before_us, legs) * _US)
        self._legs["bridge"].observe(legs.bridge_us * _US)
        self._legs["light"].observe(legs.light_us * _US)
        self._legs["travel"].observe(travel_us(legs) * _US)
        if legs.ack_us is not None:
            self._legs["ack"].observe(legs.ack_us * _US)

    def shown(self, ms: int, bridge_us: int | None) -> None:
        """Measure a press that a phone showed `ms` after the finger; `bridge_us`: the bridge's part, if known."""
        self.to_confirmation.observe(ms * _MS)
        if bridge_us is not None:
            self._legs["phone"].observe(max(0, ms * 1_000 - bridge_us) * _US)

    def count_error(self, code: ErrorCode) -> None:
        """Count an error that a phone was told."""
        self._error(code).inc()

    def text(self) -> bytes:
        """Render all metrics in Prometheus's text format."""
        return generate_latest(self._registry)


class _CallbackCounter:
    """A collector of prometheus_client for counts that another object keeps."""

    def __init__(self, name: str, text: str, labels: tuple[str, ...], read: Callable[[], LabelledCounts]) -> None:
        self._family = (name, text, labels)
        self._read = read

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Read the counts."""
        name, text, labels = self._family
        family = CounterMetricFamily(name, text, labels=labels)
        for values, count in self._read():
            family.add_metric(values, count)
        yield family
