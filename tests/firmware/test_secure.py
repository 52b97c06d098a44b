"""The light over TLS: it believes in its own CA, and in nobody else."""

import asyncio
import importlib
import json
import ssl
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lamp import record
from presslight.broker.authority import Authority
from presslight.simulated.simulated_light import SimulatedLight
from tests import certificates
from tests.certificates import DAY
from tests.firmware.bare_broker import WAIT_S, BareBroker
from tests.firmware.odd_main import written
from tests.firmware.test_session import NAME, press
from tests.firmware.watch import DIM


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("authority") / "ca")
    made.create(["127.0.0.1"])
    return made


def listening(certificates: Authority, ca_file: Path) -> BareBroker:
    """A broker with these certificates, to which lights are sent that trust `ca_file`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    return BareBroker(NAME, context, str(ca_file))


@pytest.fixture
async def broker(authority: Authority) -> AsyncIterator[BareBroker]:
    async with listening(authority, authority.ca) as bare:
        yield bare


async def test_press_over_tls_is_applied(broker: BareBroker, tmp_path: Path) -> None:
    async with SimulatedLight(NAME, broker.address, tmp_path):
        visit = await broker.visit()
        before = await visit.welcome()
        visit.publish(press(before, 1), qos=0)
        assert (await visit.report()).outcomes[0].outcome == "applied"


async def test_packets_in_one_record_are_all_read_at_once(broker: BareBroker, tmp_path: Path) -> None:
    """The second lies decrypted in the light's own memory: no socket will say that it is there."""
    async with SimulatedLight(NAME, broker.address, tmp_path):
        visit = await broker.visit()
        before = await visit.welcome()
        visit.publish(b"x" * 6_000, qos=0)
        visit.publish(press(before, 1), qos=0)
        report = await visit.report()
        assert report.dropped.too_large == 1
        assert report.outcomes[0].outcome == "applied"
        assert report.up - before.up < 2_000  # not woken by the answer to a ping


async def test_light_with_a_spoilt_certificate_keeps_working_without_a_link(broker: BareBroker, tmp_path: Path) -> None:
    async with SimulatedLight(NAME, broker.address, tmp_path) as light:
        await (await broker.visit()).welcome()
        await light.power_cut()
        (tmp_path / json.loads((tmp_path / "settings.json").read_text())["ca"]).write_text("no certificate")
        await light.power_on()
        async with asyncio.timeout(WAIT_S):
            await light.until(lambda output: "holds no certificate" in output.log)
        light.press_button()
        async with asyncio.timeout(WAIT_S):
            await light.until(lambda output: output.duty > 0)


async def test_light_does_not_sign_in_where_another_authority_signed(
    broker: BareBroker, tmp_path: Path, authority: Authority
) -> None:
    stranger = Authority(tmp_path / "stranger")
    stranger.create(["127.0.0.1"])
    async with listening(authority, stranger.ca) as unknown, SimulatedLight(NAME, unknown.address, tmp_path) as light:
        async with asyncio.timeout(WAIT_S):
            told = await light.until(lambda output: output.log.startswith("link lost"))
        assert told.link == "down"
        light.press_button()
        async with asyncio.timeout(WAIT_S):
            await light.until(lambda output: output.duty > 0)


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [("localhost", -2 * DAY, -DAY), ("localhost", DAY, 2 * DAY), ("lights.example", -DAY, DAY)],
)
async def test_light_says_that_its_brokers_certificate_is_at_fault(
    tmp_path: Path, name: str, since: timedelta, until: timedelta
) -> None:
    """Expired, not valid yet, of another name: no sign-in, the cause in its log, and the button works."""
    made = certificates.make(tmp_path, name, since=since, until=until)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server)
    async with BareBroker(NAME, context, str(made.ca)) as doubtful:
        address = doubtful.address.model_copy(update={"host": "localhost"})
        async with SimulatedLight(NAME, address, tmp_path / "flash") as light:
            async with asyncio.timeout(WAIT_S):
                await light.until(lambda output: output.log.startswith("link lost") and "ertificate" in output.log)
            light.press_button()
            async with asyncio.timeout(WAIT_S):
                await light.until(lambda output: output.duty > 0)


class Tls:
    """Notes what is asked of TLS, and of the collector."""

    CERT_REQUIRED = PROTOCOL_TLS_CLIENT = 1

    def __init__(self) -> None:
        self.done: list[str] = []

    def SSLContext(self, _kind: int) -> "Tls":  # noqa: N802 -- MicroPython's name
        self.done.append("context")
        return self

    def load_verify_locations(self, _certificate: bytes) -> None:
        self.done.append("certificate")

    def collect(self) -> None:
        self.done.append("collect")

    def wrap_socket(self, _plain: object, **_: object) -> Any:
        self.done.append("wrap")
        return SimpleNamespace(setblocking=lambda _: None)


def test_each_handshake_has_a_collection_before_it_and_all_have_one_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A context takes kilobytes, a handshake 20 more, from the RAM of the heap."""
    played = Tls()
    monkeypatch.setitem(sys.modules, "tls", played)
    for module, name in (("lamp.date", "Date"), ("lamp.wire", "Wire")):  # these need MicroPython
        monkeypatch.setitem(sys.modules, module, SimpleNamespace(**{name: object}))
    monkeypatch.delitem(sys.modules, "lamp.secure", raising=False)
    secure = importlib.import_module("lamp.secure")
    monkeypatch.setattr(secure, "gc", played)
    (tmp_path / "ca.pem").write_text("certificate")
    settings = SimpleNamespace(ca=str(tmp_path / "ca.pem"), host="broker.home")
    for _ in range(3):
        secure.secured(object(), settings)
    assert played.done == ["context", "certificate", *["collect", "wrap"] * 3]


async def test_light_that_finds_no_memory_for_tls_boots_anew_as_it_was(
    tmp_path: Path, authority: Authority, broker: BareBroker
) -> None:
    """Each handshake fails for want of memory, as in a heap that has become too small: the 16th is the last."""
    program = """
        import lamp.link, lamp.secure
        from errno import ENOMEM
        lamp.link.NOBODY_WAIT_MS = 1
        tried = []
        def secured(*_):
            tried.append(0)
            print("tried", len(tried))
            raise OSError(ENOMEM)
        lamp.secure.secured = secured
    """
    (tmp_path / "flash").mkdir()
    (tmp_path / "flash/record-1").write_bytes(record.encode(1, 7, (True, 100)))
    main = written(tmp_path, program)
    async with SimulatedLight(NAME, broker.address, tmp_path / "flash", heap="256k", main=main) as light:
        duties: set[int] = set()
        light.add_watcher(lambda output: duties.add(output.duty) if output.us else None)
        async with asyncio.timeout(WAIT_S):
            await light.until(lambda output: output.log == "tried 16")
            await light.until(lambda output: output.log == "MemoryError: no room for TLS")
            await light.until(lambda output: output.log == "reset")
            await light.until(lambda output: output.log == "tried 1")
        assert duties == {DIM}
