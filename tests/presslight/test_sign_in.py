"""The broker, tried as the light will: what each fault is called."""

import asyncio
import socket
from pathlib import Path

import pytest

from broker.accounts import Accounts
from broker.authority import Authority
from broker.embedded import EmbeddedBroker
from broker.mosquitto import Mosquitto
from contract.address import BrokerAddress
from presslight.sign_in import NotLetIn, NotReached, sign_in
from tests.broker.clients import Client
from tests.tcp_server import tcp_server

DISCOVERY = "homeassistant/device/kitchen/config"


def brokers(accounts: Accounts) -> list[Mosquitto | EmbeddedBroker]:
    return [Mosquitto(accounts), EmbeddedBroker(accounts)]


@pytest.mark.parametrize("which", [0, 1], ids=["mosquitto", "embedded"])
async def test_light_with_an_account_is_let_in_and_told_which_chip_has_its_name(which: int) -> None:
    accounts = Accounts.make(["kitchen"])
    async with brokers(accounts)[which] as broker:
        address = broker.address.signed_in_as("kitchen", accounts.password("kitchen"))
        assert await sign_in(address, "kitchen") is None
        for text, number in (('{"dev": {"ids": ["presslight-240ac4"]}}', "240ac4"), ("[]", None), ('{"dev": 1}', None)):
            async with Client(address, identifier="kitchen") as lamp:
                await lamp.publish(DISCOVERY, text, qos=1, retain=True)
            assert await sign_in(address, "kitchen") == number


@pytest.mark.parametrize("which", [0, 1], ids=["mosquitto", "embedded"])
async def test_light_with_a_wrong_password_is_told(which: int) -> None:
    accounts = Accounts.make(["kitchen"])
    async with brokers(accounts)[which] as broker:
        with pytest.raises(NotLetIn, match="the broker does not let kitchen in: its password is wrong, or it has no"):
            await sign_in(broker.address.signed_in_as("kitchen", "wrong"), "kitchen")


async def test_broker_that_is_not_there_is_told() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with pytest.raises(NotReached, match=rf"no broker can be reached at 127\.0\.0\.1 port {port}: "):
            await sign_in(BrokerAddress(host="127.0.0.1", port=port), "kitchen")


async def test_broker_that_says_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.sign_in.PATIENCE_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = BrokerAddress(host="127.0.0.1", port=silent.getsockname()[1])
        with pytest.raises(NotReached, match="answers, and does not let us finish"):
            await sign_in(address, "kitchen")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x02\x00\x00", b"\xff" * 64])
async def test_what_is_no_broker_or_closes_is_told_in_one_line(answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1_024):
            writer.write(answer)

    async with tcp_server(talk) as port, asyncio.timeout(20):
        with pytest.raises(NotReached, match="answers, and does not let us finish"):
            await sign_in(BrokerAddress(host="127.0.0.1", port=port), "kitchen")


async def test_certificate_of_another_authority_is_told(tmp_path: Path) -> None:
    accounts = Accounts.make(["kitchen"])
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    for authority in (ours, theirs):
        authority.create(["localhost"])
    async with Mosquitto(accounts, tls=True, authority=ours, host="127.0.0.1") as broker:
        where = broker.tls_address.model_copy(update={"host": "localhost"}).signed_in_as("kitchen", "x")
        assert where.tls
        with pytest.raises(NotLetIn, match="shows a certificate that the light will not take"):
            await sign_in(where.model_copy(update={"ca_file": str(theirs.ca)}), "kitchen")
        own = where.signed_in_as("kitchen", accounts.password("kitchen"))
        assert await sign_in(own.model_copy(update={"ca_file": str(ours.ca)}), "kitchen") is None
