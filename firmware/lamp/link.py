"""The link to the broker: when to open it, what to say next, when to ping, when it is dead, how long to wait then."""

from lamp.clock import ticks_diff

KEEP_ALIVE_S = 4
PING_AFTER_MS = 2_000
DEAD_AFTER_MS = 5_000
OPEN_WITHIN_MS = (
    10_000  # each step: a lost SYN is sent again after 1, 3, 7 s, and a chip's TLS takes seconds of its own
)
PROVEN_AFTER_MS = 10_000
FIRST_WAIT_MS = 200
LONGEST_WAIT_MS = 30_000
NOBODY_WAIT_MS = 1_000  # where nobody answers, trying costs nobody anything, and a light shall be back in 2 s


RESTING, OPENING, GREETING, JOINING, LIVE = range(5)
"""States: how far the link has come."""

DUE, OPENED, ACCEPTED, GRANTED, LOST, HEARD, SENT = range(7)
"""Events. DUE: the time that `due_in` gave has passed. LOST: closed, failed, or nonsense came in.

OPENED, ACCEPTED and GRANTED have the number of the state that they end, and their action has the next one.
"""

NOTHING, OPEN, CONNECT, SUBSCRIBE, ANNOUNCE, PING, CLOSE = range(7)
"""Actions: what the shell does about an event. After CLOSE the next one is OPEN."""

_MOVES = ((OPENING,), (GREETING, RESTING), (JOINING, RESTING), (LIVE, RESTING), (RESTING,))


class Link:
    """One link after another. `now` is a count of ms; it is told of every event as it happens, and of DUE in time."""

    def __init__(self, now: int) -> None:
        self.state = RESTING
        self._heard = now
        self._sent = now
        self._since = now  # resting: since when; live: since when it was not yet proven
        self._wait = 0
        self._losses = 0

    def on_event(self, event: int, now: int, chance: int) -> int:
        """Take an event at `now`; give the Action. `chance`: a random number of 16 bits, drawn anew each time."""
        if self.state == RESTING:
            return self._open(now) if event == DUE else NOTHING
        if event == HEARD:
            self._heard = now
        elif event == SENT:
            self._sent = now
        elif event == DUE:
            return self._look(now, chance)
        else:
            return self._step(event, now, chance)
        return NOTHING

    def due_in(self, now: int) -> int:
        """Give the ms until DUE must come."""
        if self.state == RESTING:
            return max(0, self._wait - ticks_diff(now, self._since))
        quiet = ticks_diff(now, self._sent) if self.state == LIVE else 0  # who sleeps on this may find the link live
        return max(0, min(self._patience() - ticks_diff(now, self._heard), PING_AFTER_MS - quiet))

    def _open(self, now: int) -> int:
        """Begin. The wait is over, as DUE says; Wi-Fi may have been away since, too long for `ticks_diff`."""
        self._move(OPENING)
        self._heard = now
        return OPEN

    def _step(self, event: int, now: int, chance: int) -> int:
        """Go one step on; what comes out of turn is as good as a loss."""
        if event != self.state or event == LOST:
            return self._rest(now, chance)
        self._move(self.state + 1)
        self._heard = self._since = now
        return event + 1

    def _look(self, now: int, chance: int) -> int:
        if ticks_diff(now, self._heard) >= self._patience():
            return self._rest(now, chance)
        if self.state == LIVE:
            self._prove(now)
            if ticks_diff(now, self._sent) >= PING_AFTER_MS:
                self._sent = now
                return PING
        return NOTHING

    def _patience(self) -> int:
        return DEAD_AFTER_MS if self.state == LIVE else OPEN_WITHIN_MS

    def _prove(self, now: int) -> None:
        """Forget the losses once the link has lived a while; asked every 2 s, so never too late for `ticks_diff`."""
        if self._losses and ticks_diff(now, self._since) >= PROVEN_AFTER_MS:
            self._losses = 0

    def _rest(self, now: int, chance: int) -> int:
        """Wait for a random part of the span ("full jitter"), so that a house of lights does not come back in step."""
        if self.state == LIVE:
            self._prove(now)
        if self.state == OPENING:
            most = NOBODY_WAIT_MS
        else:
            most = min(LONGEST_WAIT_MS, FIRST_WAIT_MS << min(self._losses, 8))  # 0.2 s · 2**8 is more than 30 s
            self._losses += 1
        self._wait = most * chance >> 16
        self._since = now
        self._move(RESTING)
        return CLOSE

    def _move(self, state: int) -> None:
        if state not in _MOVES[self.state]:
            raise AssertionError("a link cannot go from %d to %d" % (self.state, state))
        self.state = state
