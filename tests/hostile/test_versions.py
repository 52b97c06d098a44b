"""Somebody else reports under a light's name, or a defect of its own does: whatever version that was, the truth comes.

A real broker of each kind, the bridge, a light with the real firmware, the Python phone and the page in Chromium.
"""

import json
import logging
import os
import signal
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from presslight.broker.accounts import CREDENTIALS, Accounts
from presslight.cloud.mqtt.aiomqtt_client import AiomqttClient
from presslight.contract.topics import STATE
from presslight.contract.words import MAX_SMALL, MAX_UP_MS
from presslight.mobile_sim.phone import Phone
from tests.browser import chromium
from tests.cloud.raw_phone import RawPhone
from tests.journey.conftest import WAIT_S, House, house

__all__ = ["house"]  # a fixture, found by name

TOP = (MAX_SMALL, MAX_SMALL)
FOREIGN = "0badb007"


async def take_name(house: House, phone: Phone, **more: Any) -> None:
    """Take the light's name until the phone shows one report of the highest version; the light stands still so long."""
    accounts = Accounts.load(house.folder / CREDENTIALS)
    assert house.stack.broker
    address = house.stack.broker.address
    password = accounts.password("kitchen")
    made = {"state": "ON", "brightness": 77, "boot": FOREIGN, "up": MAX_UP_MS, "version": TOP, "decided": MAX_SMALL}
    report = made | more
    os.kill(house.kitchen.pid, signal.SIGSTOP)
    try:
        async with AiomqttClient(
            address.host, address.port, username="kitchen", password=password, identifier="kitchen"
        ) as client:
            await client.publish(STATE.format(light="kitchen"), json.dumps(report), qos=1, retain=True)
            await house.sees(phone, lambda light: light.version == report["version"])
    finally:
        os.kill(house.kitchen.pid, signal.SIGCONT)


async def is_itself(house: House, phone: Phone, boot: str) -> None:
    """The phone shows the light as it is: off, in the boot that it has lived in all the time; and its presses act."""
    await house.sees(phone, lambda light: light.online and light.state == "OFF" and light.bound.boot == boot)
    assert phone.lights["kitchen"].bound.up < MAX_UP_MS / 2
    assert (await phone.press("kitchen", state="ON", brightness=200)).status == "applied"
    await house.glows(lambda duty: duty > 0)
    assert (await phone.toggle("kitchen")).status == "applied"
    await house.glows(lambda duty: duty == 0)
    assert phone.lights["kitchen"].state == "OFF"


@pytest.mark.parametrize("own", [False, True], ids=["another boot", "its own boot"])
async def test_light_is_shown_as_it_is_after_a_report_of_the_highest_version(house: House, own: bool) -> None:
    phone = await house.phone()
    boot = phone.lights["kitchen"].bound.boot
    await take_name(house, phone, boot=boot if own else FOREIGN)

    await is_itself(house, phone, boot)


async def test_phone_that_resumes_with_the_highest_version_is_told_the_truth(house: House) -> None:
    phone = await house.phone()
    have = {"kitchen": {"version": TOP, "online": True}}

    async with RawPhone(house.stack.url, house.stack.token, have=have) as resumed:
        assert resumed.welcome["lights"] == []  # another bridge may have told what is newer, as far as is known
        told = await resumed.sees(state="OFF", line=1)

    assert tuple(told["version"]) == phone.lights["kitchen"].version


async def test_two_devices_of_one_name_are_named_and_the_one_that_stays_is_the_light(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    phone = await house.phone()
    shown = phone.lights["kitchen"]
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(house.stack.phone_link)
        card = page.get_by_role("listitem", name="Kitchen")
        await expect(card.get_by_role("switch")).to_have_attribute("aria-checked", "false", timeout=WAIT_S * 1_000)
        with caplog.at_level(logging.WARNING):
            await take_name(house, phone, up=5_000, version=(shown.version[0] + 1, 0), decided=0)
            await house.sees(phone, lambda light: light.shared)

        await expect(card).to_contain_text("Two devices use the name kitchen", timeout=WAIT_S * 1_000)
        await expect(card.get_by_role("switch")).to_have_attribute("aria-checked", "false")
        await card.get_by_role("switch").click()
        await house.glows(lambda duty: duty > 0)
        await expect(card.get_by_role("switch")).to_have_attribute("aria-checked", "true")
        await card.get_by_role("switch").click()
        await house.glows(lambda duty: duty == 0)

    await is_itself(house, phone, shown.bound.boot)
    assert [one.getMessage() for one in caplog.records if "two devices" in one.getMessage()] != []
    async with httpx.AsyncClient() as client:
        figures = (await client.get(f"{house.stack.url}/metrics")).text
    assert 'presslight_light_swaps_total{light="kitchen"} 1.0' in figures
    assert "presslight_lights_shared 1.0" in figures
