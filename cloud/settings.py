"""What the bridge is told at its start, and how much it takes of anything."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from presslight.cloud.store.database import read_address
from presslight.contract.address import BrokerAddress


class Settings(BaseModel):
    """Where broker and store are, and the limits. Every `_ms` is a duration in ms.

    `store`: a file's path (SQLite), or `postgresql://user@host/database`, which replicas of the bridge share.
    `name`: what the bridge calls itself to phones. `press_rate`, `press_burst`: presses per second and at once that
    one phone may make; its frames are bounded by eight times as many. `max_sockets`: how many WebSockets one token
    may have open. `ping_ms`: how often a phone is pinged; one silent for 2.5 times as long is closed.
    `drain_ms`: how long a phone may read nothing of what waits for it. `canary_ms`, `canary_limit_ms`: how often the
    broker is tried and how long it may take; the two together are how late its loss may be known.
    `allowed_hosts`: names beside this machine's own under which the bridge may be asked (behind a proxy, say), and
    hosts whose pages may ask it; "*" for all. `metrics_token`: who asks for `/metrics` must know it; without one only
    this machine may ask. `keep_hours`, `keep_presses`: how long and how many presses the store keeps; older ones with a
    last word go.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    broker: BrokerAddress
    store: Annotated[Path | str, BeforeValidator(read_address)]
    name: str = Field(default="bridge", max_length=64)
    allowed_hosts: tuple[str, ...] = ()
    metrics_token: SecretStr | None = None
    press_rate: float = Field(default=50, gt=0)
    press_burst: int = Field(default=100, ge=1)
    max_phones: int = Field(default=10_000, ge=1)
    max_sockets: int = Field(default=32, ge=1)
    max_open: int = Field(default=10_000, ge=1)
    max_open_per_light: int = Field(default=1_024, ge=1)
    hello_ms: int = Field(default=5_000, ge=1)
    ping_ms: int = Field(default=5_000, ge=20)
    drain_ms: int = Field(default=10_000, ge=1)
    canary_ms: int = Field(default=500, ge=1)
    canary_limit_ms: int = Field(default=1_400, ge=1)
    reconnect_ms: int = Field(default=100, ge=1)
    reconnect_most_ms: int = Field(default=1_000, ge=1)
    keep_hours: float = Field(default=168, gt=0)
    keep_presses: int = Field(default=1_000_000, ge=1)
