"""Rate limits of phones: presses of each phone, and frames, requests and sockets of each token. Pure."""

from presslight.cloud.core.allowance import Allowance
from presslight.contract.rate import Bucket


class PhoneLimits:
    """Limits of phones that have signed in. `press_rate`: presses per second, `press_burst`: at once."""

    def __init__(self, press_rate: float, press_burst: int) -> None:
        self._press_rate = press_rate
        self._press_burst = press_burst
        self._buckets: dict[str, Bucket] = {}
        self._allowances: dict[str, Allowance] = {}

    def is_within_press_rate(self, phone: str, now: int) -> bool:
        """Count a press of the phone at `now` (monotonic ns); return whether it is within its rate."""
        bucket = self._buckets.get(phone)
        if bucket is None:
            bucket = Bucket(self._press_rate, self._press_burst, now)
            self._buckets[phone] = bucket
        return bucket.take_tokens(now)

    def allowance_of(self, token: str, now: int) -> Allowance:
        """Return the allowance that all connections with this token share. The token must be good, or memory grows."""
        allowance = self._allowances.get(token)
        if allowance is None:
            allowance = Allowance.of_token(self._press_rate, self._press_burst, now)
            self._allowances[token] = allowance
        return allowance
