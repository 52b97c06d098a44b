"""Losses of the broker: cause and sentence of each error, and how those of accounts come out on real brokers."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiomqtt
import pytest
from aiomqtt.exceptions import MqttConnectError
from pydantic import SecretStr

from presslight.cloud.mqtt.broker_loss import (
    BrokerSilent,
    LossCause,
    NotAuthorized,
    SubscriptionRefused,
    describe_loss,
)
from presslight.cloud.mqtt.client import MqttClient
from presslight.cloud.settings import Settings
from presslight.contract.address import BrokerAddress
from presslight.contract.topics import BRIDGE_USER, HOME_ASSISTANT_USER
from tests.cloud.conftest import House
from tests.cloud.mqtt.listeners import QUICK, IgnoringListener
from tests.cloud.raw_phone import WAIT_S
from tests.tcp_server import tcp_server


@pytest.mark.parametrize(
    ("error", "cause", "detail"),
    [
        (BrokerSilent(), "silent", "the broker is connected and delivers nothing"),
        (NotAuthorized(), "no_rights", "the broker drops what user 'ann' sends to canary: user 'ann' has no right to "),
        (SubscriptionRefused("a, b"), "no_rights", "the broker does not let user 'ann' read a, b"),
        (MqttConnectError(4), "refused", "the broker does not let user 'ann' in: its name or its password is wrong, "),
        (MqttConnectError(3), "refused", str(MqttConnectError(3))),
        (aiomqtt.MqttError("gone"), "lost", "gone"),
    ],
)
def test_loss_has_its_label_and_sentence(error: aiomqtt.MqttError, cause: str, detail: str) -> None:
    told = describe_loss(error, "ann", "canary")
    assert told[0] is LossCause(cause)
    assert told[1].startswith(detail)


def test_account_without_a_name_is_called_so() -> None:
    assert "a client without a user" in describe_loss(MqttConnectError(5), "", "canary")[1]


ACCOUNTS = {
    "wrong password": (BRIDGE_USER, "wrong", "refused", "does not let user 'bridge' in: .*password"),
    "unknown user": ("nobody", "x", "refused", "does not let user 'nobody' in: .*name"),
    "no user": (None, None, "refused", "does not let a client without a user in"),
    "a light's": ("hall", "", "no_rights", "user 'hall' has no right to|does not let user 'hall' read"),
    "homeassistant's": (
        HOME_ASSISTANT_USER, "", "no_rights",
        "user 'homeassistant' has no right to|does not let user 'homeassistant' read",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("user", "password", "cause", "detail"), ACCOUNTS.values(), ids=ACCOUNTS)
async def test_account_that_is_not_a_bridges_is_told_as_that(
    any_house: House, user: str | None, password: str | None, cause: str, detail: str, caplog: pytest.LogCaptureFixture
) -> None:
    address = any_house.broker.address.model_copy(
        update={"username": user, "password": None if password is None else SecretStr(password)}
    )
    await any_house.open(broker=any_house.address(user) if password == "" and user else address, **QUICK)
    async with asyncio.timeout(WAIT_S):
        while not await any_house.metric("presslight_troubles_total", kind=f"broker_{cause}"):
            pass
    assert not any_house.bridge.presses.broker
    told = [str(getattr(record, "detail", "")) for record in caplog.records if record.message == "broker away"]
    assert re.search(detail, told[0]), told
    assert len(set(told)) == 1
    assert not await any_house.metric("presslight_troubles_total", kind="broker_silent")


@asynccontextmanager
async def foreign_broker(suback: int, *, acknowledges: bool) -> AsyncIterator[BrokerAddress]:
    """A broker that accepts every client, answers each topic of a SUBSCRIBE with `suback`, and delivers nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                kind, length = await reader.readexactly(2)
                if length & 0x80:
                    length = (length & 0x7F) + ((await reader.readexactly(1))[0] << 7)
                body = await reader.readexactly(length)
                if kind >> 4 == 1:  # CONNECT
                    writer.write(b"\x20\x02\x00\x00")
                elif kind >> 4 == 8:  # SUBSCRIBE, to three topics
                    writer.write(b"\x90\x05" + body[:2] + bytes([suback] * 3))
                elif kind >> 4 == 3 and acknowledges:  # PUBLISH
                    topic = int.from_bytes(body[:2], "big")
                    writer.write(b"\x40\x02" + body[2 + topic : 4 + topic])

    async with tcp_server(serve) as port:
        yield BrokerAddress(host="127.0.0.1", port=port, username="ann+1")


@pytest.mark.parametrize(
    ("suback", "acknowledges", "cause", "detail"),
    [
        (0x80, True, "no_rights", "the broker does not let user 'ann+1' read presslight/light/+/state, "),
        (0, True, "no_rights", "the broker drops what user 'ann+1' sends to presslight/bridge/bridge/canary"),
        (0, False, "silent", "the broker is connected and delivers nothing"),
    ],
)
async def test_foreign_broker_without_rights_for_the_bridge_is_told_as_that(
    suback: int, acknowledges: bool, cause: str, detail: str, tmp_path: Path
) -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    class RecordingListener(IgnoringListener):
        def on_broker(self, *, found: bool, cause: str = "", detail: str = "") -> None:
            assert not found
            heard.put_nowait((cause, detail))

    async with foreign_broker(suback, acknowledges=acknowledges) as address:
        running = asyncio.create_task(
            MqttClient(Settings(broker=address, store=tmp_path / "x", **QUICK)).run(RecordingListener())
        )
        async with asyncio.timeout(WAIT_S):
            told = await heard.get()
        running.cancel()
        await asyncio.wait([running])
    assert told[0] == cause
    assert told[1].startswith(detail)
