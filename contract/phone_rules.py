"""Times and counts of the rules that each phone follows: `presslight.mobile_sim` and the page in `cloud/page` alike.

`python -m presslight.contract.export` writes them for the page into `cloud/page/contract.js`. Times are ms.
"""

from presslight.contract.words import MAX_DRIFT_PPM, MAX_PATIENCE_MS

BACKOFF_BASE_MS = 200
"""The longest first wait before the next connection; doubled with each connection that lived a short time only."""

BACKOFF_CAP_MS = 5_000
"""The longest wait of all: full jitter over 5 s spares the bridge, and more would only keep a person waiting."""

BACKOFF_NOBODY_MS = 1_000
"""The longest wait where nobody answered: trying costs nobody anything, and the bridge may be back any time."""

PROVEN_LIFE_MS = 10_000
"""A connection that lived so long after its welcome sets the back-off to its start again."""

HANDSHAKE_MS = 6_000
"""From opening a WebSocket to the welcome: a slow phone network needs four round trips."""

FINAL_CLOSE_CODES = range(4_100, 4_200)
"""Close codes (RFC 6455, section 7.4.2: private use) after which the same phone would be closed again."""

SILENCE_PINGS = 2.5
"""A connection on which nothing came for so many times the bridge's `ping_ms` is lost."""

SHORTEST_PING_MS = 20
"""The shortest time between two pings, whatever `ping_ms` the bridge names."""

SETTLING_PINGS = 15
"""Pings in a row on a new connection: TCP's retransmission timer then knows the way, so a lost press costs less."""

DOUBT_MS = 1_000
"""How long a connection on which a press got no answer has for a sign of life, at least."""

DOUBT_RTTS = 4
"""The same in round trips: a packet lost twice on a slow way takes about so many, and the connection is well."""

RTT_SMOOTHING = 1 / 8
"""The weight of the newest round trip in the smoothed one: RFC 6298, section 2, alpha."""

HEDGE_MS = 300
"""How long after a copy of a press the next one goes, at least, while there is no answer; doubled each time."""

HEDGE_RTTS = 1.5
"""The same in round trips."""

ASK_AGAIN_MS = 2_000
"""How long after its deadline a press without a last word is asked after again; doubled each time."""

LONGEST_GAP_MS = 30_000
"""The longest time between two copies of a press."""

REFUSALS = 3
"""So many times in a row a bridge must refuse to tell what came of a press; the next one may know more."""

DRIFT = MAX_DRIFT_PPM / 1e6
"""The share of a time by which a light's clock and the phone's may part in it."""

FALSE_CLOCK_MS = 2 * MAX_PATIENCE_MS
"""A deadline so far ahead of a light's clock was given on a false one: a bridge takes nothing so far ahead."""
