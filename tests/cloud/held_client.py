"""An HTTP client that holds each answer to the bridge's own OpenAPI document."""

import json
from typing import Any

import httpx
import jsonschema

from tests.cloud.conftest import House
from tests.cloud.ports import key

ON = {"state": "ON"}


class HeldClient:
    """Makes requests. `document`: the OpenAPI document, once something was asked."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.document: dict[str, Any] = {}

    async def __call__(self, method: str, path: str, route: str = "", **more: Any) -> httpx.Response:
        self.document = self.document or (await self.house.http.get("/openapi.json")).json()
        answer = await self.house.http.request(method, path, **more)
        responses = self.document["paths"].get(route or path, {}).get(method.lower(), {}).get("responses", {})
        self.holds(answer, responses.get(str(answer.status_code)) or self.document_default())
        return answer

    def document_default(self) -> dict[str, Any]:
        """What the document says of everything that it does not name."""
        defaults = [
            operation["responses"]["default"]
            for operations in self.document["paths"].values()
            for operation in operations.values()
        ]
        assert all(default == defaults[0] for default in defaults)
        one: dict[str, Any] = defaults[0]
        return one

    def holds(self, answer: httpx.Response, described: dict[str, Any]) -> None:
        """Check body and headers against what the document says of them."""
        schema = described["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json(), schema | {"components": self.document["components"]})
        for name, header in described.get("headers", {}).items():
            assert name in answer.headers or not header["required"]

    async def press(
        self, body: Any = ON, *, key: str | None = key(), light: str = "kitchen", **headers: str
    ) -> httpx.Response:
        named = {"Idempotency-Key": key} if key is not None else {}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        path, route = f"/api/lights/{light}/presses", "/api/lights/{light}/presses"
        return await self("POST", path, route, content=content, headers=named | headers)

    async def status(self, pressed: str) -> httpx.Response:
        return await self("GET", f"/api/presses/{pressed}", "/api/presses/{key}")
