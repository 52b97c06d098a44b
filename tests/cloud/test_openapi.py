"""The OpenAPI document checked against the bridge, as a client generator or fuzzer would."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presslight.contract.errors import MEANINGS, ErrorCode
from presslight.contract.phone import PressBody
from tests.cloud.conftest import House
from tests.cloud.held_client import ON, HeldClient
from tests.cloud.ports import key
from tests.contract.strategies import json_values, press_bodies

NOWHERE = ["/api/nothing", "/api", "/docs", "/redoc", "/nothing.js", "/%00", "/" + "x" * 5_000]
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
PLACES = {
    "/api/lights": "GET",
    "/api/lights/kitchen/presses": "POST",
    f"/api/presses/{key()}": "GET",
    "/healthz": "GET",
    "/readyz": "GET",
    "/metrics": "GET",
}
MANY = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture
def client(house: House) -> HeldClient:
    return HeldClient(house)


async def test_document_describes_every_route_and_error(client: HeldClient) -> None:
    await client("GET", "/healthz")
    paths = client.document["paths"]
    assert set(paths) == {
        "/api/lights",
        "/api/lights/{light}/presses",
        "/api/presses/{key}",
        "/healthz",
        "/readyz",
        "/metrics",
    }
    press = paths["/api/lights/{light}/presses"]["post"]
    assert set(press["responses"]) >= {"200", "202", "400", "401", "403", "404", "409", "413", "422", "429", "503"}
    assert press["security"]
    assert "HTTPValidationError" not in str(client.document)
    assert set(paths["/api/presses/{key}"]["get"]["responses"]) == {"200", "401", "404", "429", "503", "default"}
    body = press["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator(body | {"components": client.document["components"]}).validate(ON)
    jsonschema.Draft202012Validator.check_schema(body)


async def test_document_says_what_a_press_must_carry(client: HeldClient) -> None:
    await client("GET", "/healthz")
    press = client.document["paths"]["/api/lights/{light}/presses"]["post"]
    required = {parameter["name"] for parameter in press["parameters"] if parameter["required"]}
    assert required == {"light", "Idempotency-Key"}
    assert press["requestBody"]["required"]


@pytest.mark.parametrize(("method", "code"), [("GET", ErrorCode.NOT_FOUND), ("POST", ErrorCode.METHOD_NOT_ALLOWED)])
async def test_unknown_path_is_a_problem(client: HeldClient, method: str, code: ErrorCode) -> None:
    for path in NOWHERE:
        answer = await client(method, path)
        problem = answer.json()
        assert (problem["code"], problem["retry"]) == (code, False)
        assert answer.status_code == MEANINGS[code].http_status
    assert await client.house.metric("presslight_errors_total", code=code) == len(NOWHERE)


async def test_unknown_method_is_a_problem_and_hears_what_is_allowed(house: House) -> None:
    for place, known in [*PLACES.items(), ("/ws", "GET"), ("/openapi.json", "GET")]:
        allowed = {"GET", "HEAD"} if known == "GET" else {known}
        for method in METHODS - allowed:
            answer = await house.http.request(method, place)
            assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, allowed)
            assert method == "HEAD" or answer.json()["code"] == "method_not_allowed"


@MANY
@given(body=press_bodies, text=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=128))
async def test_any_press_of_the_schema_is_answered_as_described(house: House, body: PressBody, text: str) -> None:
    house.bridge.limits._buckets.clear()
    answer = await HeldClient(house).press(body.model_dump(exclude_none=True, mode="json"), key=text)
    assert answer.status_code in (200, 404, 409, 422)


@MANY
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
async def test_any_other_body_is_answered_as_described(house: House, body: bytes) -> None:
    house.bridge.limits._buckets.clear()
    answer = await HeldClient(house).press(body)
    assert answer.status_code in (400, 422)


async def test_mistake_of_the_bridge_is_a_problem_that_says_nothing_of_the_press(
    house: House, client: HeldClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("a defect")

    monkeypatch.setattr(house.bridge.presses, "status_of", fail)
    answer = await client.status(key())
    assert (answer.status_code, answer.json()["code"], answer.json()["retry"]) == (500, "internal", True)
    assert "defect" not in answer.text
    assert await house.metric("presslight_troubles_total", kind="defect") == 1
