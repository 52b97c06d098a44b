"""Who asks under a name that is not the bridge's, or from a page that is not its own, gets nothing of it."""

import logging
import socket

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from presslight.cloud.store.database import Address
from presslight.contract.errors import ErrorCode
from tests.cloud.conftest import House
from tests.proxy import proxy

EVIL = "evil.example:8787"
PLACES = ["/", "/index.html", "/metrics", "/openapi.json", "/healthz", "/readyz", "/api/lights", "/nothing", "/ws"]
TOKEN = "metrics-token-0123456789"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("place", PLACES)
async def test_name_of_a_stranger_gets_nothing(house: House, place: str) -> None:
    assert code(await house.http.get(place, headers={"Host": EVIL})) == (421, "wrong_host")
    assert code(await house.http.get(place, headers={"Origin": f"http://{EVIL}"})) == (403, "wrong_origin")
    assert code(await house.http.get(place, headers={"Origin": "null"})) == (403, "wrong_origin")
    assert (await house.http.head(place, headers={"Host": EVIL})).status_code == 421


@pytest.mark.parametrize("place", PLACES)
async def test_own_names_get_what_is_there(house: House, place: str) -> None:
    await house.until(lambda: house.bridge.presses.broker)
    usual = (await house.http.get(place)).status_code
    elsewhere = () if place == "/metrics" else ("192.168.1.5:8787", socket.gethostname())
    for host in ("localhost", f"localhost:{house.server.port}", "[::1]:8787", *elsewhere):
        same = {"Host": host, "Origin": f"http://{host}"}
        assert (await house.http.get(place, headers=same)).status_code == usual


async def test_websocket_of_a_strangers_page_is_not_opened_and_a_phones_is(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    url = house.server.url.replace("http", "ws") + "/ws"
    for origin in (f"http://{EVIL}", "null"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, additional_headers={"Origin": origin})
        assert refused.value.response.status_code == 403
        assert b"wrong_origin" in (refused.value.response.body or b"")
    for headers in ({}, {"Origin": house.server.url}):
        async with connect(url, additional_headers=headers):
            pass
    assert await house.metric("presslight_errors_total", code=ErrorCode.WRONG_ORIGIN) == 2
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_setting_lets_a_name_and_its_pages_in(closed_house: House) -> None:
    house = closed_house
    await house.open(allowed_hosts=("home.example",))
    page = {"Origin": "https://home.example"}
    for named in ({"Host": "home.example"}, {"Host": "home.example", **page}, page):
        assert (await house.http.get("/api/lights", headers=named)).status_code == 200
    assert code(await house.http.get("/healthz", headers={"Host": EVIL, **page})) == (421, "wrong_host")
    async with connect(house.server.url.replace("http", "ws") + "/ws", additional_headers=page):
        pass


async def test_proxy_that_keeps_the_host_or_tells_it_works_as_before(house: House) -> None:
    async with proxy(house.server.url, "/house1") as outside, httpx.AsyncClient() as http:
        own = {"Origin": outside.removesuffix("/house1")}
        assert (await http.get(f"{outside}/healthz", headers=own)).status_code == 200
        async with connect(outside.replace("http", "ws") + "/ws", additional_headers=own):
            pass
    told = {"X-Forwarded-Host": "home.example", "Origin": "https://home.example"}
    async with connect(house.server.url.replace("http", "ws") + "/ws", additional_headers=told):
        pass


async def test_refusals_are_told_in_few_lines(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "presslight.bridge"):
        for _ in range(30):
            await house.http.get("/healthz", headers={"Host": "evil.example"})
    lines = [record for record in caplog.records if "--allowed-host" in record.message]
    assert [vars(line)["times"] for line in lines] == [1, 10]
    assert vars(lines[0])["host"] == "evil.example"


async def test_metrics_are_for_this_machine_alone_unless_they_have_a_token(house: House) -> None:
    assert (await house.http.get("/metrics")).status_code == 200
    for named in (
        {"X-Forwarded-For": "192.0.2.7"}, {"Via": "1.1 proxy"}, {"Forwarded": "for=192.0.2.7"}, {"Host": "192.168.1.5"},
        {"X-Forwarded-For": "127.0.0.1"}, {"X-Real-IP": "192.0.2.7"},
    ):  # fmt: skip
        answer = await house.http.get("/metrics", headers=named)
        assert code(answer) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_metrics_with_a_token_are_for_who_knows_it(closed_house: House) -> None:
    house = closed_house
    await house.open(metrics_token=TOKEN)
    for word in (house.token, TOKEN[:-1], TOKEN + "x", "\u00e4" * len(TOKEN)):
        wrong = {b"Authorization": f"Bearer {word}".encode()}
        assert code(await house.http.get("/metrics", headers=wrong)) == (401, "unauthenticated")
    assert code(await house.http.get("/metrics", headers={"Authorization": "Basic x"})) == (401, "unauthenticated")
    elsewhere = {"X-Forwarded-For": "192.0.2.7", "Authorization": f"Bearer {TOKEN}"}
    assert (await house.http.get("/metrics", headers=elsewhere)).status_code == 200
    assert code(await house.http.get("/api/lights", headers=elsewhere)) == (401, "unauthenticated")


async def test_failed_sign_ins_are_counted_and_told_by_address(house: House, caplog: pytest.LogCaptureFixture) -> None:
    wrong = "Wr0ng-T0ken-That-N0body-Has-0123456789abcdef"
    bearer = {"Authorization": f"Bearer {wrong}"}
    with caplog.at_level(logging.DEBUG, "presslight.bridge"):
        for _ in range(6):
            await house.http.get("/api/lights", headers=bearer)
            phone = await house.stranger()
            await phone.send({"type": "hello", "versions": [1], "token": wrong})
            assert (await phone.until("error"))["code"] == "unauthenticated"
        await house.http.get("/api/lights", headers=bearer | {"X-Forwarded-For": "192.0.2.7"})
    lines = [vars(record) for record in caplog.records if record.message == "sign-in failed"]
    told = [(line["client"], line["times"]) for line in lines]
    assert told == [("127.0.0.1", 1), ("127.0.0.1", 10), ("192.0.2.7", 1)]
    assert wrong not in str([vars(record) for record in caplog.records])
    assert await house.metric("presslight_failed_sign_ins_total") == 13


async def test_what_a_stranger_calls_its_address_fills_no_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    secret = "Wr0ng-T0ken-That-N0body-Has-0123456789abcdef"
    for address in (f"{secret} " + 10_000 * "x", "a\u009b2J", "unknown"):
        await house.http.get(
            "/api/lights", headers={b"Authorization": b"Bearer x", b"X-Forwarded-For": address.encode()}
        )
    told = [str(vars(record)["client"]) for record in caplog.records if record.message == "sign-in failed"]
    assert [len(client) <= 64 and client.isprintable() and secret[:20] not in client for client in told] == [True] * 3


@pytest.mark.parametrize("name", ["%00", "a%00-1", "%ff", "0123456789abcdef-0", "x" * 5_000])
async def test_key_that_is_none_is_of_no_press_in_either_database(
    closed_house: House, address: Address, name: str
) -> None:
    await closed_house.open(store=address)
    assert code(await closed_house.http.get(f"/api/presses/{name}")) == (404, "unknown_press")
