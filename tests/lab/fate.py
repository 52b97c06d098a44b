"""What becomes of a packet. Pure: what it is decides, not when it comes, so the same seed is near the same run."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

Direction = Literal["up", "down"]
"""`up`: from the phone to the house; `down`: the other way."""


@dataclass(frozen=True)
class Weather:
    """How a network is. `delay_ms`: one way. `loss`: the share of packets lost, each direction by itself.

    `uplink_kbps`: how much goes up in a second, None for any amount; what comes faster waits in a queue of
    `queue_packets` and is lost where that is full.
    """

    delay_ms: float
    loss: float
    seed: int = 1
    uplink_kbps: float | None = None
    queue_packets: int = 100


def is_lost(weather: Weather, flow: int, direction: Direction, mark: str, copy: int) -> bool:
    """Draw for one packet. `flow`: the number of its connection; `mark`: what it carries; `copy`: 0, 1, … of that."""
    words = f"{weather.seed} {flow} {direction} {mark} {copy}".encode()
    return int.from_bytes(blake2b(words, digest_size=8).digest(), "big") < weather.loss * 2**64
