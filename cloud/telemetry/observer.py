"""The observer of presses, reports, phones, broker and store: counts and logs. Each line about a press has its key."""

import logging

from presslight.cloud.core.press import Press
from presslight.cloud.core.report_effect import Kind, ReportEffect
from presslight.cloud.errors import StoreReplaced
from presslight.cloud.telemetry.logs import logger
from presslight.cloud.telemetry.metrics import Metrics
from presslight.cloud.telemetry.tracebacks import place_of, without_secrets
from presslight.contract.damping import Damping
from presslight.contract.errors import ErrorCode, printable
from presslight.contract.words import PressStatus

NAME = "presslight.bridge"
"""The logger's name."""

_LONGEST_NAME = 255
_LONGEST_ADDRESS = 64
"""Characters of a client's address: a proxy may pass on any text in X-Forwarded-For."""
_HOSTS_TOLD = 30
"""Names of hosts that are logged apart: a stranger may name a new one in each request."""
_FIRST = 30
"""Log lines that a light may cause by what it reports: more than come up in months; a hostile one could go on."""

_USUAL = (PressStatus.ACCEPTED, PressStatus.APPLIED)


class BridgeObserver:
    """Implements the observers of presses, inbox, phones and store. `store_is_good`: no error for a second."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self._log = logger(NAME)
        self._broker: tuple[bool, str, str] | None = None
        self._defects = Damping()
        self._store = Damping()
        self.store_is_good = True
        self.store_troubles = 0
        self._troubles_told = 0
        self._strangers = Damping()
        self._misdirected = Damping(kinds=_HOSTS_TOLD)
        self._crowds = Damping()
        self._lines = Damping()
        self._shared = Damping()
        self._floods = Damping()
        self._degraded = Damping(_FIRST)
        self._drops = Damping(_FIRST)
        self._reboots = Damping(_FIRST)

    def on_status(self, press: Press) -> None:
        """Count and log a press's new status."""
        self.metrics.on_status(press)
        level = logging.DEBUG if press.status in _USUAL else logging.INFO
        if self._log.isEnabledFor(level):
            self._log.log(
                level, "press", key=press.order.key, light=press.order.light, status=press.status, reason=press.reason
            )

    def on_report(self, light: str, effect: ReportEffect) -> None:
        """Count a light's report, and log a reboot, false versions, a shared name, a fault and dropped messages."""
        self.metrics.report(effect.kind.value).inc()
        if effect.over is not None:
            if times := self._reboots.count_up(light):
                self._log.info("light rebooted", light=light, times=times)
        elif effect.missed and effect.kind is Kind.NEWS:
            self.metrics.gaps.inc()
        if effect.anew and (times := self._lines.count_up(light)):
            self._log.warning(
                "what was known of a light, or shown by a phone, was false: its versions begin anew",
                light=light,
                times=times,
            )
        if effect.shared and (times := self._shared.count_up(light)):
            self._log.warning("two devices use the name of one light", light=light, times=times)
        if effect.degraded and self._degraded.count_up(light):
            self._log.warning("light is degraded", light=light, what=printable(effect.degraded))
        for cause, count in effect.dropped:
            if self._drops.count_up((light, cause)):
                self._log.warning("light dropped messages", light=light, cause=cause, count=count)

    def on_error_sent(self, code: ErrorCode, phone: str | None, key: str | None, detail: str) -> None:
        """Count an error that a phone was told."""
        self.metrics.count_error(code)
        if self._log.isEnabledFor(logging.DEBUG):
            shown = {name: without_secrets(text or "") for name, text in (("key", key), ("detail", detail))}
            self._log.debug("phone refused", code=code, phone=phone, **shown)

    def no_upgrade(self, client: str | None) -> None:
        """Log a request for the WebSocket without an Upgrade header."""
        self._log.warning(
            "a request for /ws has no Upgrade header: a proxy in front of the bridge most likely does not pass it on",
            client=_address(client),
        )

    def sign_in_failed(self, client: str | None) -> None:
        """Count a sign-in without a valid token; log the 1st, 10th, 100th … of an address."""
        self.metrics.failed_sign_ins.inc()
        if times := self._strangers.count_up(shown := _address(client)):
            self._log.warning("sign-in failed", client=shown, times=times)

    def crowded(self, client: str | None) -> None:
        """Count a connection dropped before sign-in, as another came from `client`; logged as above."""
        self.metrics.dropped_strangers.inc()
        if times := self._crowds.count_up(shown := _address(client)):
            self._log.warning("too many connections that do not sign in", client=shown, times=times)

    def misdirected(self, code: ErrorCode, name: str) -> None:
        """Count a request refused for its Host or Origin; logged as above, by that name."""
        self.metrics.count_error(code)
        if times := self._misdirected.count_up((code, name[:_LONGEST_NAME])):  # a stranger's may have 64 kB
            shown = printable(without_secrets(name)[:_LONGEST_NAME])
            hint = "if it is yours: presslight up --allowed-host"
            self._log.warning(f"refused a request; {hint}", code=code, host=shown, times=times)

    def shown(self, ms: int, bridge_us: int | None) -> None:
        """Measure a press that a phone showed. `ms`: since the finger; `bridge_us`: the bridge's part, if known."""
        self.metrics.shown(ms, bridge_us)

    def bad_message(self, topic: str, cause: str, detail: str) -> None:
        """Count an MQTT message that could not be used."""
        self.metrics.bad_messages.labels(cause).inc()
        if cause == "rate" and (times := self._floods.count_up(topic)):
            self._log.warning(f"a light sends too much: {detail}", topic=topic, times=times)
        self._log.debug("bad message", topic=topic, cause=cause, detail=detail)

    def on_defect(self, where: str, error: Exception) -> None:
        """Count a defect of the bridge: an exception that nothing expected. The bridge goes on.

        The 1st, 10th, 100th … of a line of code is logged: the same cause can come again and again.
        """
        self.metrics.troubles.labels("defect").inc()
        if times := self._defects.count_up(place_of(error)):
            self._log.error("defect", where=without_secrets(where[:_LONGEST_NAME]), times=times, exc_info=error)

    def store_trouble(self, error: Exception) -> None:
        """Count an error of the store; logged as above, by its text."""
        self.metrics.troubles.labels("store").inc()
        self.store_is_good = False
        self.store_troubles += 1
        what = error.what if isinstance(error, StoreReplaced) else str(error)
        if times := self._store.count_up(what):
            self._log.warning("store", error=what, times=times)

    def store_good(self) -> None:
        """Note that the store's maintenance succeeded: it is good if nothing else failed since the last call.

        Last words are written at other times, and a checkpoint that fails keeps nobody from reading.
        """
        is_calm = self.store_troubles == self._troubles_told
        self._troubles_told = self.store_troubles
        if is_calm and not self.store_is_good:
            self._log.info("store is good again")
            self.store_is_good = True
            self._store = Damping()

    def broker(self, *, found: bool, cause: str, detail: str) -> None:
        """Log that the broker was found, lost, or is away for another cause; count each loss."""
        if not found:
            self.metrics.troubles.labels(f"broker_{cause}").inc()
        news = (found, cause, detail)
        if news == self._broker:
            return
        self._broker = news
        if found:
            self._log.info("broker found")
        else:
            self._log.warning("broker away", cause=cause, detail=detail)


def _address(client: str | None) -> str | None:
    return None if client is None else printable(without_secrets(client[:_LONGEST_ADDRESS]))
