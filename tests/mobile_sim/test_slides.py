import asyncio

import pytest

from presslight.contract.phone import Press
from presslight.mobile_sim.errors import UnknownLight
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.phone import Phone
from tests.mobile_sim.fake_bridge import FakeBridge, Visit, accept, apply


async def test_slider_sends_the_first_and_the_newest_value(bridge: FakeBridge, phone: Phone) -> None:
    for brightness in range(1, 101):
        phone.slide("kitchen", state="ON", brightness=brightness)
    await phone.until(lambda lights: lights["kitchen"].brightness == 100)
    assert [press.set.brightness for press in bridge.presses] == [1, 100]


async def test_slider_goes_on_after_an_unconfirmed_press(bridge: FakeBridge, phone: Phone) -> None:
    bridge.answer = accept
    phone.slide("kitchen", state="ON", brightness=10)
    phone.slide("kitchen", state="ON", brightness=20)
    await bridge.until(lambda: bool(bridge.presses))
    bridge.answer = apply
    flight = phone._presses.open[0]
    assert flight.on_status is not None
    flight.on_status(PhoneStatus.UNCONFIRMED)
    await phone.until(lambda lights: lights["kitchen"].brightness == 20)


async def test_value_that_waits_never_undoes_a_press_that_came_after_it(bridge: FakeBridge, phone: Phone) -> None:
    bridge.answer = accept
    phone.slide("kitchen", state="ON", brightness=10)
    phone.slide("kitchen", state="ON", brightness=20)
    await bridge.until(lambda: bool(bridge.presses))
    bridge.answer = apply
    slid = phone._presses.open[0]
    assert (await phone.press("kitchen", state="OFF")).status is PhoneStatus.APPLIED
    assert slid.on_status is not None
    slid.on_status(PhoneStatus.UNCONFIRMED)
    await phone.press("kitchen", state="OFF")
    assert [press.set.state for press in bridge.presses if press.key != slid.frame.key] == ["OFF", "OFF"]


async def test_slider_of_a_light_that_is_not_there_works_once_it_is(bridge: FakeBridge, phone: Phone) -> None:
    with pytest.raises(UnknownLight):
        phone.slide("hall", state="ON", brightness=10)
    bridge.lights["hall"] = bridge.lights["kitchen"].model_copy(update={"id": "hall"})
    await bridge.change("hall")
    await phone.until(lambda lights: "hall" in lights)
    phone.slide("hall", state="ON", brightness=20)
    await phone.until(lambda lights: lights["hall"].brightness == 20)


async def test_slider_that_cannot_go_on_says_so_and_works_later(
    bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate = asyncio.Event()

    async def when_allowed(visit: Visit, press: Press) -> None:
        await gate.wait()
        await apply(visit, press)

    bridge.answer = when_allowed
    phone.slide("kitchen", state="ON", brightness=10)
    phone.slide("kitchen", state="ON", brightness=20)
    with monkeypatch.context() as patch:
        patch.setattr("presslight.mobile_sim.presses.MAX_OPEN", 0)
        gate.set()
        await phone.settled()
    assert "slider of kitchen stopped at {'state': 'ON', 'brightness': 20}" in caplog.text
    phone.slide("kitchen", state="ON", brightness=30)
    await phone.until(lambda lights: lights["kitchen"].brightness == 30)
