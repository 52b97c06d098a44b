"""Settings of the bridge: addresses, credentials and limits."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from presslight.cloud.store.database import read_address
from presslight.contract.address import BrokerAddress


class Settings(BaseModel):
    """Settings of one bridge. Every `_ms` is a duration in ms.

    - `store`: path of an SQLite file, or `postgresql://user@host/database`, which replicas of the bridge share.
    - `name`: the bridge's name in the welcome of phones.
    - `allowed_hosts`: values of Host and Origin to accept beside this machine's own names; "*" for all.
    - `metrics_token`: bearer token for `/metrics`; without one only this machine may ask.
    - `press_rate`, `press_burst`: presses per second, and at once, of one phone; of frames eight times as many.
    - `max_phones`: connected phones. `max_sockets`: open WebSockets per token.
    - `max_open`, `max_open_per_light`: presses without a last word.
    - `hello_ms`: time limit for a phone's hello. `drain_ms`: time limit for it to read anything of its outbox.
    - `ping_ms`: interval of pings to a phone; one silent for 2.5 times as long is closed.
    - `canary_ms`, `canary_limit_ms`: interval of the broker's canaries, and time limit for their return; the broker's
      loss is noticed within their sum.
    - `reconnect_ms`, `reconnect_most_ms`: first and longest back-off of connections to the broker.
    - `keep_hours`, `keep_presses`: how long, and how many, presses with a last word stay in the store.
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
