"""The check around an application that answers everything, without a server. tests/hostile has it in a bridge."""

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from presslight.cloud.http.allowed_hosts import AllowedHosts
from presslight.cloud.http.host_check import HostCheck
from presslight.contract.errors import ErrorCode


class Counts:
    def __init__(self) -> None:
        self.told: list[tuple[ErrorCode, str]] = []

    def misdirected(self, code: ErrorCode, name: str) -> None:
        self.told.append((code, name))


async def answer(scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@pytest.fixture
def counts() -> Counts:
    return Counts()


async def asked(counts: Counts, *headers: tuple[str, str]) -> int:
    check = HostCheck(answer, AllowedHosts(["home.example"]), counts)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(check), base_url="http://localhost") as http:
        return (await http.get("/", headers=list(headers))).status_code


async def test_request_for_us_passes(counts: Counts) -> None:
    assert await asked(counts) == 204
    assert await asked(counts, ("Host", "home.example"), ("Origin", "https://home.example")) == 204
    assert await asked(counts, ("X-Forwarded-Host", "a.example, b"), ("Origin", "https://a.example")) == 204
    assert counts.told == []


async def test_request_for_somebody_else_is_refused_and_counted(counts: Counts) -> None:
    assert await asked(counts, ("Host", "evil.example")) == 421
    assert await asked(counts, ("Host", "evil.example"), ("X-Forwarded-Host", "home.example")) == 421
    assert counts.told == [(ErrorCode.WRONG_HOST, "evil.example")] * 2


async def test_second_host_is_looked_at_too(counts: Counts) -> None:
    assert await asked(counts, ("Host", "localhost"), ("Host", "evil.example")) == 421


async def test_page_from_elsewhere_is_refused_and_counted(counts: Counts) -> None:
    assert await asked(counts, ("Origin", "https://evil.example")) == 403
    assert await asked(counts, ("Origin", "http://localhost"), ("Origin", "null")) == 403
    assert counts.told == [(ErrorCode.WRONG_ORIGIN, "https://evil.example"), (ErrorCode.WRONG_ORIGIN, "null")]


async def test_what_is_no_request_passes(counts: Counts) -> None:
    passed: list[str] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        passed.append(scope["type"])

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(_message: Message) -> None:
        pass

    await HostCheck(application, AllowedHosts([]), counts)({"type": "lifespan"}, receive, send)
    assert passed == ["lifespan"]
