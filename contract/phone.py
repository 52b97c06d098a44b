"""Phone frames: JSON text frames over one WebSocket (`/ws`), and the bodies of the same press over HTTP.

The phone's first frame is `hello`; the bridge answers `welcome` (snapshot and subscription in one step) and from then
on pushes `light`, `broker` and `outcome`. Frames we read refuse unknown fields, so that a typing error is heard;
frames we write may grow, so phones ignore fields they do not know.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, FailFast, Field

from presslight.contract.errors import ErrorCode
from presslight.contract.light import LightState, LightWish, Trait
from presslight.contract.words import (
    DEFAULT_PATIENCE_MS,
    MAX_AGE_MS,
    MAX_PATIENCE_MS,
    WIRE_VERSION,
    BootId,
    Counter,
    Key,
    LightId,
    Moment,
    OpenWord,
    PressStatus,
    Reason,
    Up,
    Version,
    Wire,
)

MAX_FRAME_BYTES = 16_384
MAX_LIGHTS = 1_024
MAX_HAVE = 150
"""How many lights a hello names, so that it stays under the frame limit; the welcome repeats the others whole."""


class Asked(BaseModel):
    """A message from a phone: strict, and nothing in it that we do not know."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Wish(LightWish, Asked):
    """A light as a press wants it. ON without brightness: as bright as it was."""


class Have(Asked):
    """A light as a phone shows it already; the welcome leaves it out unless something is newer."""

    version: Version
    online: bool


class Hello(Asked):
    """First frame. `versions`: the protocol versions the phone speaks; the bridge picks one. `have`: resume.

    A phone that shows more than MAX_HAVE lights names so many of them, whichever it likes.
    """

    type: Literal["hello"]
    versions: Annotated[tuple[Counter, ...], FailFast(), Field(min_length=1, max_length=16)]
    token: Annotated[str, Field(min_length=1, max_length=256, repr=False)]
    client: Annotated[str, Field(max_length=64)] = ""
    have: Annotated[dict[LightId, Have], Field(max_length=MAX_HAVE)] = {}


class Press(Asked):
    """A finger came down. The same key again is the same press: it asks, and pushes a lost one again.

    `not_after`: the light's clock past which it must not act, from the phone's own lower bound at the press. Where it
    is absent the bridge makes it, `patience_ms` past its own bound. `age_ms`: from the finger to this frame being
    sent (0 unless it waited or is a retry). `if_ver`: only if the light still has this version.
    """

    type: Literal["press"]
    key: Key
    light: LightId
    set: Wish
    if_ver: Version | None = None
    not_after: Moment | None = None
    patience_ms: Annotated[int, Field(ge=100, le=MAX_PATIENCE_MS)] = DEFAULT_PATIENCE_MS
    age_ms: Annotated[int, Field(ge=0, le=MAX_AGE_MS)] = 0


class Shown(Asked):
    """The phone showed this press's `applied` `ms` after the finger came down: the journey's outermost stamp."""

    type: Literal["shown"]
    key: Key
    ms: Annotated[int, Field(ge=0, le=MAX_AGE_MS)]


class Ping(Asked):
    """Either side, at any time after the welcome: answer with a pong of the same n at once."""

    type: Literal["ping"] = "ping"
    n: Counter


class Pong(Asked):
    """The answer to a ping."""

    type: Literal["pong"] = "pong"
    n: Counter


PhoneFrame: TypeAlias = Hello | Press | Shown | Ping | Pong
"""All that a phone sends; `type` tells which it is."""
TaggedPhoneFrame = Annotated[PhoneFrame, Field(discriminator="type")]


ChangedBy = OpenWord


class Change(Wire):
    """The cause of the version shown, `age_ms` before the bridge sent this.

    `phone`: with by `phone`, the name of the token whose press it was, if the bridge knows it. `command`: a message
    without a key (Home Assistant, a script). `button`: the light's own. `start`: its boot. Another word is of a
    newer firmware.
    """

    by: ChangedBy
    phone: str | None = None
    age_ms: Annotated[int, Field(ge=0)]


class View(LightState, Wire):
    """A light as it is. `boot` and `up`: a lower bound of its clock when the bridge sent this frame.

    `age_ms`: how long ago the light itself was last heard when the bridge sent this. `change`: absent where the bridge
    does not know. `line`: how many lines of versions began since the bridge knows the light; where that rises on one
    connection, what was shown is false, and this is the truth, of any version. Absent: 0. `shared`: two devices use the
    light's name. `degraded`: its flash refuses writes or lost a record, so after a power cut it may be as it was longer
    ago.
    """

    id: LightId
    online: bool
    traits: tuple[Trait, ...]
    version: Version
    boot: BootId
    up: Up
    age_ms: Annotated[int, Field(ge=0)] = 0
    change: Change | None = None
    line: Counter | None = None
    shared: Literal[True] | None = None
    degraded: Literal[True] | None = None


class Clock(Wire):
    """A light's clock alone, for a phone that shows the rest already: `boot`, `up`, `age_ms`, `line` as in a View."""

    id: LightId
    boot: BootId
    up: Up
    age_ms: Annotated[int, Field(ge=0)] = 0
    line: Counter | None = None


class Limits(Wire):
    """Limits of one phone; beyond them it is told `too_large` or `rate_limited`."""

    frame_bytes: int = MAX_FRAME_BYTES
    presses_per_s: int
    burst: int


class Welcome(Wire):
    """The answer to a good hello: the version picked, the lights that the phone has not or has older.

    `clocks`: of the other lights. The phone may have slept, and then what it knows of their clocks is too little.
    `gone`: lights that were forgotten. The phone takes them away before it shows `lights`: one of that name may be new.
    `ping_ms`: how often the bridge pings; a phone that hears nothing for 2.5 × this should reconnect.
    `broker`: False while the bridge cannot reach its broker, so that nothing it says of lights is fresh.
    """

    type: Literal["welcome"] = "welcome"
    version: int = WIRE_VERSION
    bridge: str
    phone: str
    ping_ms: int
    limits: Limits
    broker: bool
    lights: tuple[View, ...]
    clocks: tuple[Clock, ...] = ()
    gone: tuple[LightId, ...] = ()


class LightChanged(Wire):
    """A light changed, whoever or whatever changed it (or its clock's bound is refreshed). Show it if it is newer.

    That a light is offline is shown in any case: it may have died before its newest version was kept anywhere.
    """

    type: Literal["light"] = "light"
    light: View


class LightGone(Wire):
    """A light was forgotten: take it away. One of the same name that comes later is another light, of any version."""

    type: Literal["gone"] = "gone"
    light: LightId


class BrokerStatus(Wire):
    """The bridge lost its broker, or is connected to it again."""

    type: Literal["broker"] = "broker"
    connected: bool


class Legs(Wire):
    """Durations in µs, each on one clock and each inside the one before it, so differences need no clock sync.

    `bridge_us`: press frame in → report in. `ack_us`: set handed to the broker → broker's PUBACK (absent if it came
    after the report). `light_us`: set read → output changed.
    """

    bridge_us: int
    ack_us: int | None = None
    light_us: int


class PressOutcome(Wire):
    """The bridge's present word on a press. `version`: the light's, with `applied`. `reason`: refused, offline."""

    type: Literal["outcome"] = "outcome"
    key: Key
    light: LightId
    status: PressStatus
    final: bool
    reason: Reason | None = None
    version: Version | None = None
    legs: Legs | None = None


class Problem(Wire):
    """An error in a frame. `retry`: whether the same frame may succeed later. `key`: if it was a press."""

    type: Literal["error"] = "error"
    code: ErrorCode
    message: str
    retry: bool
    key: str | None = None


BridgeFrame: TypeAlias = Welcome | LightChanged | LightGone | BrokerStatus | PressOutcome | Problem | Ping | Pong
"""All that a bridge sends; `type` tells which it is."""
TaggedBridgeFrame = Annotated[BridgeFrame, Field(discriminator="type")]


class PressBody(LightWish, Asked):
    """The body of `POST /api/lights/{id}/presses`; the key is in the Idempotency-Key header."""

    if_ver: Version | None = None
    not_after: Moment | None = None
    patience_ms: Annotated[int, Field(ge=100, le=MAX_PATIENCE_MS)] = DEFAULT_PATIENCE_MS


class Lights(Wire):
    """The answer to `GET /api/lights`."""

    broker: bool
    lights: tuple[View, ...]
