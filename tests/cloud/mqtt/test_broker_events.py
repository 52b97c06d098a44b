import asyncio

import pytest

from presslight.cloud.mqtt.broker_events import BrokerEvents
from presslight.cloud.mqtt.inbox import Inbox
from presslight.cloud.mqtt.muting import FIRST_MUTE_NS, Muting
from presslight.contract.topics import ALL_AVAILABILITIES, ALL_STATES, STATE
from tests.cloud.conftest import House
from tests.cloud.ports import Harness, report
from tests.cloud.raw_phone import WAIT_S


class Events:
    """BrokerEvents with all its collaborators in memory."""

    def __init__(self) -> None:
        self.harness = Harness()
        self.muting = Muting()
        self.reconnects = 0
        self.defects: list[str] = []
        inbox = Inbox(self.harness.presses, self, self.muting)
        self.events = BrokerEvents(
            inbox, self.harness.presses, self.muting, self, self.reconnect, lambda: self.harness.now
        )

    def reconnect(self) -> None:
        self.reconnects += 1

    def bad_message(self, topic: str, cause: str, detail: str) -> None: ...

    def broker(self, *, found: bool, cause: str, detail: str) -> None: ...

    def on_defect(self, where: str, error: Exception) -> None:
        self.defects.append(where)

    def mute(self, light: str) -> None:
        while self.muting.accepts(light, 1, self.harness.now):
            pass


def test_error_of_our_own_is_counted_and_goes_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Events()
    monkeypatch.setattr(made.harness.presses, "on_report", lambda *_, **__: 1 / 0)
    for name in ("on_ack", "on_broker", "on_reconnected"):
        monkeypatch.setattr(made.harness.presses, name, lambda *_, **__: 1 / 0)
    topic = STATE.format(light="kitchen")
    made.events.on_message(topic, report().model_dump_json().encode(), retained=False)
    made.events.on_ack("0123456789abcdef-1")
    made.events.on_broker(found=True)
    made.events.on_reconnected()
    assert made.defects == [topic, "acknowledgement", "broker", "reconnect"]


def test_light_whose_mute_has_ended_is_subscribed_to_by_a_reconnect() -> None:
    made = Events()
    made.mute("hall")
    assert not any("hall" in topic for topic in made.events.topics())
    made.events.on_broker(found=True)
    assert made.reconnects == 0
    made.harness.now += FIRST_MUTE_NS
    made.events.on_broker(found=False)
    assert made.reconnects == 0
    made.events.on_broker(found=True)
    assert made.reconnects == 1
    assert made.events.topics() == (ALL_STATES, ALL_AVAILABILITIES)


def test_light_is_listened_to_at_once_unless_it_is_muted() -> None:
    made = Events()
    assert made.events.listen_to("hall")
    made.mute("hall")
    assert not made.events.listen_to("hall")
    assert made.reconnects == 1
    assert made.events.listen_to("hall")


async def test_defect_in_the_bridge_does_not_cut_off_the_lights(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    light = await house.light()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patched:
        patched.setattr(house.bridge.presses, "on_report", broken)
        await light.report()
        async with asyncio.timeout(WAIT_S):
            while not await house.metric("presslight_troubles_total", kind="defect"):
                pass
    phone = await house.phone()
    await phone.press()
    assert (await phone.until("outcome", final=True))["status"] == "applied"
