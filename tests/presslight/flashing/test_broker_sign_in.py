"""The broker, tried as the light will: what each fault is called."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.authority import Authority
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.broker.mosquitto import Mosquitto
from presslight.contract.address import BrokerAddress
from presslight.flashing.broker_sign_in import BrokerUnreachable, SignInRefused, sign_in
from tests.broker.clients import Client
from tests.tcp_server import tcp_server

DISCOVERY = "homeassistant/device/kitchen/config"
CHIP = "presslight-240ac4a1b2c3"


def brokers(accounts: Accounts) -> list[Mosquitto | EmbeddedBroker]:
    return [Mosquitto(accounts), EmbeddedBroker(accounts)]


@pytest.mark.parametrize("which", [0, 1], ids=["mosquitto", "embedded"])
async def test_light_with_an_account_is_let_in_and_told_which_chip_has_its_name(which: int) -> None:
    accounts = Accounts.make(["kitchen"])
    async with brokers(accounts)[which] as broker:
        address = broker.address.signed_in_as("kitchen", accounts.password("kitchen"))
        assert await sign_in(address, "kitchen") is None
        async with Client(address, identifier="kitchen") as lamp:
            await lamp.publish(DISCOVERY, f'{{"dev": {{"ids": ["{CHIP}"]}}}}', qos=1, retain=True)
        assert await sign_in(address, "kitchen") == "240ac4a1b2c3"


@pytest.mark.parametrize("which", [0, 1], ids=["mosquitto", "embedded"])
async def test_light_with_a_wrong_password_is_told(which: int) -> None:
    accounts = Accounts.make(["kitchen"])
    async with brokers(accounts)[which] as broker:
        with pytest.raises(SignInRefused, match="the broker refuses kitchen: its password is wrong, or it has no"):
            await sign_in(broker.address.signed_in_as("kitchen", "wrong"), "kitchen")


async def test_broker_that_is_not_there_is_told() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with pytest.raises(BrokerUnreachable, match=rf"no broker can be reached at 127\.0\.0\.1 port {port}: "):
            await sign_in(BrokerAddress(host="127.0.0.1", port=port), "kitchen")


async def test_broker_that_says_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.flashing.broker_sign_in.STEP_TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = BrokerAddress(host="127.0.0.1", port=silent.getsockname()[1])
        with pytest.raises(BrokerUnreachable, match="ended the sign-in"):
            await sign_in(address, "kitchen")


@asynccontextmanager
async def broker_that_says(*answers: bytes) -> AsyncIterator[BrokerAddress]:
    """One answer to each packet; then it closes, as to whoever says nothing."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            if not await reader.read(1_024):
                return
            writer.write(answer)
        await reader.read(1_024)

    async with tcp_server(talk) as port, asyncio.timeout(20):
        yield BrokerAddress(host="127.0.0.1", port=port)


LET_IN = b"\x20\x02\x00\x00"
GRANTED = b"\x90\x03\x00\x01\x01"


@pytest.mark.parametrize(
    "answers",
    [
        [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
        [b"\xff" * 64],
        [b"\x10\x02\x00\x01"],
        [LET_IN],
        [LET_IN, b"\x90\x01\x7f"],
        [LET_IN, b"\x90\x03\x7f\x7f\x00"],
        [LET_IN, GRANTED, b"\xb0\x02\x7f\x7f"],
        [LET_IN, b"\x90\x03\x00\x01\x80"],
        [LET_IN, GRANTED + b"\x30\x04\x00\x01\xff1", b"\xb0\x01\x00"],
    ],
    ids=["HTTP", "noise", "client", "close", "short", "other", "other too", "refused", "no topic"],
)
async def test_what_is_no_broker_or_closes_is_told_in_one_line(
    answers: list[bytes], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("presslight.flashing.broker_sign_in.STEP_TIMEOUT_S", 0.5)
    async with broker_that_says(*answers) as address:
        with pytest.raises(BrokerUnreachable, match="ended the sign-in"):
            await sign_in(address, "kitchen")
    assert not caplog.records


@pytest.mark.parametrize("code", [2, 3, 6, 200])
async def test_broker_that_refuses_for_another_reason_than_the_account_is_told(code: int) -> None:
    async with broker_that_says(b"\x20\x02\x00" + bytes((code,))) as address:
        with pytest.raises(BrokerUnreachable, match=r"the broker at 127\.0\.0\.1 accepts no connection now: "):
            await sign_in(address, "kitchen")


async def test_broker_of_another_version_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.flashing.broker_sign_in.STEP_TIMEOUT_S", 600)
    async with broker_that_says(b"\x20\x02\x00\x01") as address:
        with pytest.raises(BrokerUnreachable, match=r"ended the sign-in: the broker does not speak MQTT 3\.1\.1"):
            await sign_in(address, "kitchen")


async def test_broker_that_closes_instead_of_an_answer_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.flashing.broker_sign_in.STEP_TIMEOUT_S", 600)
    async with broker_that_says() as address:
        with pytest.raises(BrokerUnreachable, match="ended the sign-in: the broker closes the connection"):
            await sign_in(address, "kitchen")


@pytest.mark.parametrize(
    ("text", "chip"),
    [
        (f'{{"dev": {{"ids": ["{CHIP}"]}}}}', "240ac4a1b2c3"),
        (f'{{"dev": {{"ids": "{CHIP}"}}}}', None),
        (f'{{"dev": {{"ids": ["{CHIP}\\n"]}}}}', None),
        (f'{{"dev": {{"ids": ["{CHIP}0"]}}}}', None),
        ('{"dev": {"ids": ["presslight-240ac4"]}}', None),
        ('{"dev": {"ids": ["240ac4a1b2c3"]}}', None),
        ('{"dev": {"ids": ["presslight-240AC4A1B2C3"]}}', None),
        ('{"dev": {"ids": [1e999]}}', None),
        ('{"dev": {"ids": []}}', None),
        ('{"dev": 1}', None),
        ("[]", None),
        ("[" * 20_000, None),
        ("\xff", None),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_only_a_chip_s_number_is_taken_from_what_the_broker_keeps(text: str, chip: str | None) -> None:
    topic = DISCOVERY.encode()
    body = len(topic).to_bytes(2, "big") + topic + text.encode("latin-1")
    kept = b"\x31" + bytes((len(body) & 127 | 128, len(body) >> 7 & 127 | 128, len(body) >> 14)) + body
    async with broker_that_says(LET_IN, GRANTED + kept, b"\xb0\x02\x00\x02") as address:
        assert await sign_in(address, "kitchen") == chip


async def test_certificate_of_another_authority_is_told(tmp_path: Path) -> None:
    accounts = Accounts.make(["kitchen"])
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    for authority in (ours, theirs):
        authority.create(["localhost"])
    async with Mosquitto(accounts, tls=True, authority=ours, host="127.0.0.1") as broker:
        where = broker.tls_address.model_copy(update={"host": "localhost"}).signed_in_as("kitchen", "x")
        assert where.tls
        with pytest.raises(SignInRefused, match="shows a certificate that the light will not take"):
            await sign_in(where.model_copy(update={"ca_file": str(theirs.ca)}), "kitchen")
        own = where.signed_in_as("kitchen", accounts.password("kitchen"))
        assert await sign_in(own.model_copy(update={"ca_file": str(ours.ca)}), "kitchen") is None
