"""Gauges and per-light counters of `/metrics`, read from the bridge's state when they are asked for."""

from collections.abc import Callable

from presslight.cloud.core import drops
from presslight.cloud.core.presses import Presses
from presslight.cloud.mqtt.muting import Muting
from presslight.cloud.phones import Phones
from presslight.cloud.telemetry.metrics import Metrics


def register_gauges(
    metrics: Metrics, phones: Phones, presses: Presses, muting: Muting, is_store_up: Callable[[], bool]
) -> None:
    """Have `metrics` show the state of these parts."""
    lights = presses.lights.by_name
    gauge = metrics.gauge
    gauge("phones", "Phones that are connected.", lambda: len(phones))
    gauge("lights", "Lights that are known.", lambda: len(lights))
    gauge("lights_online", "Lights that are online.", lambda: sum(light.online for light in lights.values()))
    gauge("lights_shared", "Lights whose name two devices use.", lambda: sum(light.shared for light in lights.values()))
    gauge(
        "lights_degraded",
        "Lights of which something does not work as it should, by their own word.",
        lambda: sum(bool(light.report.degraded) for light in lights.values()),
    )
    gauge("lights_muted", "Lights that are not listened to, as they send too much.", lambda: len(muting.muted))
    gauge("open_presses", "Presses without a last word.", lambda: len(presses))
    gauge("broker_up", "1 while the broker delivers.", lambda: presses.broker)
    gauge("store_up", "1 while the store takes what is written to it.", is_store_up)
    metrics.counts(
        "light_mutes",
        "Times that a light was not listened to for a while, as it sent too much, since it was good for long.",
        ("light",),
        lambda: (((name,), mute.times) for name, mute in muting.mutes.items()),
    )
    metrics.counts(
        "light_swaps",
        "Times that a device took its light's name back, which another one had taken.",
        ("light",),
        lambda: (((name,), light.swaps) for name, light in lights.items()),
    )
    metrics.counts(
        "light_lines",
        "Times that a light's versions began anew, as what was known of it was false.",
        ("light",),
        lambda: (((name,), light.line) for name, light in lights.items()),
    )
    metrics.counts(
        "light_dropped_messages",
        "Set messages that a light dropped in this boot of it.",
        ("light", "cause"),
        lambda: (
            ((name, cause), count)
            for name, light in lights.items()
            for cause, count in drops.by_cause(light.report.dropped)
        ),
    )
