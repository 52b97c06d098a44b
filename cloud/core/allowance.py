"""Limits of a phone's token, over all its sockets and requests: frames, bytes, sockets. Pure.

A frame counts as one for each KiB that it begins, so that one bucket bounds frames and bytes. Times are ns on a
monotonic clock.
"""

from presslight.contract.rate import Bucket, cost_of

FRAMES_A_PRESS = 8
"""So many frames for each press that a phone may make: copies of it over two paths, `shown`, pings and pongs."""

HELLO_COST = 20
"""A hello counts as so many frames: it is answered with every light."""

REQUEST_COST = 4
"""So does a request over HTTP."""

MOST_REQUESTS = 32
"""So many connections on which a request of a token is answered are no strangers': a body may take 10 s to come."""

FRAMES_OF_A_STRANGER = 32
"""Frames of a socket that has not said a good hello, those of the WebSocket's own among them."""


class Allowance:
    """Of one token, or of one socket that has not said hello.

    `sockets`: how many are open; `requests`: how many connections are known by what is answered on them.
    """

    __slots__ = ("_bucket", "requests", "sockets")

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.sockets = 0
        self.requests = 0

    @classmethod
    def of_token(cls, press_rate: float, press_burst: int, now: int) -> "Allowance":
        """For a token that may make so many presses a second, and at once."""
        return cls(Bucket(FRAMES_A_PRESS * press_rate, max(FRAMES_A_PRESS * press_burst, 2 * HELLO_COST), now))

    @classmethod
    def of_stranger(cls, now: int) -> "Allowance":
        """For a socket that nobody has signed in on yet."""
        return cls(Bucket(0, FRAMES_OF_A_STRANGER, now))

    def takes(self, size: int, now: int) -> bool:
        """Whether a frame of so many bytes may come; counts it."""
        return self._bucket.take_tokens(now, cost_of(size))

    def takes_hello(self, now: int) -> bool:
        """Whether a socket may say hello; counts that."""
        return self._bucket.take_tokens(now, HELLO_COST)

    def takes_request(self, now: int) -> bool:
        """Whether a request may come; counts it."""
        return self._bucket.take_tokens(now, REQUEST_COST)
