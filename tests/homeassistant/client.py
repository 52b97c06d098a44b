"""Home Assistant's own doors: its REST API and its WebSocket, as its frontend uses them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

WAIT_S = 30
"""Bounds every wait for what Home Assistant shows; far over what any takes."""
OWNER = {"name": "Ada", "username": "ada", "password": "made-up-for-this-test", "language": "en"}

FLOWS = "/api/config/config_entries/flow"

Entity = dict[str, Any]


class Client:
    """One person at `url`. `sign_up` comes first."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.AsyncClient(base_url=url, timeout=WAIT_S)
        self._token = ""

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def wait_until_started(self) -> None:
        """Wait until it answers, and says that all parts that it starts with are running."""
        while not await self._is_started():  # noqa: ASYNC110 -- nothing tells of a socket that is not there yet
            await asyncio.sleep(0.1)

    async def sign_up(self) -> None:
        """Make the owner's account and sign in, as the first page does. Those after it would ask the internet."""
        mine = {"client_id": self.url}
        code = (await self._post("/api/onboarding/users", OWNER | mine))["auth_code"]
        form = mine | {"grant_type": "authorization_code", "code": code}
        answer = (await self._http.post("/auth/token", data=form)).raise_for_status().json()
        self._token = answer["access_token"]
        self._http.headers["Authorization"] = f"Bearer {self._token}"
        await self.wait_until_started()

    async def mqtt_form(self) -> tuple[str, dict[str, Any]]:
        """Begin to add the MQTT integration: the open flow, and what its form proposes."""
        form = await self._post(FLOWS, {"handler": "mqtt", "show_advanced_options": True})
        assert form["step_id"] == "broker", form
        return form["flow_id"], filled_in(form["data_schema"])

    async def send_form(self, flow: str, answers: dict[str, Any]) -> dict[str, Any]:
        """Send the form of an open flow; what Home Assistant says to it."""
        answer: dict[str, Any] = await self._post(f"{FLOWS}/{flow}", answers)
        return answer

    async def call(self, domain: str, service: str, **data: Any) -> None:
        """Call a service, and wait until Home Assistant has done what it does for it."""
        await self._post(f"/api/services/{domain}/{service}", data)

    async def state(self, entity: str) -> Entity | None:
        """How it shows an entity; None where it has none of that name."""
        answer = await self._http.get(f"/api/states/{entity}")
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer.raise_for_status().json()

    async def until(self, entity: str, condition: Callable[[Entity | None], bool]) -> Entity | None:
        """The first state of an entity, from the present one on, that meets `condition`; None: there is none."""
        async with asyncio.timeout(WAIT_S), self._socket() as socket:
            await _ask(socket, "subscribe_events", event_type="state_changed")
            state = await self.state(entity)
            while not condition(state):
                event = json.loads(await socket.recv())["event"]["data"]
                if event["entity_id"] == entity:
                    state = event["new_state"]
            return state

    async def until_shows(self, entity: str, shown: str, **attributes: Any) -> None:
        """Wait until the entity's state is `shown`, and its attributes are these."""
        last: list[Entity | None] = []

        def is_so(state: Entity | None) -> bool:
            last.append(state)
            return state is not None and state["state"] == shown and attributes.items() <= state["attributes"].items()

        try:
            await self.until(entity, is_so)
        except TimeoutError:
            raise AssertionError(f"{entity} is not {shown} {attributes}: {last[-1]}") from None

    async def ask(self, command: str, **fields: Any) -> Any:
        """Say one command over the WebSocket, and hear its result."""
        async with asyncio.timeout(WAIT_S), self._socket() as socket:
            return await _ask(socket, command, **fields)

    async def devices(self) -> list[dict[str, Any]]:
        """The devices of the MQTT integration."""
        entries = {entry["entry_id"] for entry in await self.ask("config_entries/get", domain="mqtt")}
        devices = await self.ask("config/device_registry/list")
        return [device for device in devices if entries & set(device["config_entries"])]

    async def delete(self, device: dict[str, Any]) -> None:
        """Delete a device, as its page does."""
        [entry] = device["config_entries"]
        kind = "config/device_registry/remove_config_entry"
        await self.ask(kind, device_id=device["id"], config_entry_id=entry)

    async def cards(self) -> list[dict[str, Any]]:
        """What it asks of its owner: flows that are open, as signing in again is, and repairs."""
        flows = await self.ask("config_entries/flow/progress")
        issues = (await self.ask("repairs/list_issues"))["issues"]
        return [*flows, *(issue for issue in issues if issue["issue_domain"] == "mqtt" or issue["domain"] == "mqtt")]

    async def _is_started(self) -> bool:
        with suppress(httpx.TransportError):
            if self._token:
                return bool((await self._get("/api/config"))["state"] == "RUNNING")
            return (await self._http.get("/api/onboarding")).status_code != httpx.codes.SERVICE_UNAVAILABLE
        return False

    async def _get(self, path: str) -> Any:
        return (await self._http.get(path)).raise_for_status().json()

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = await self._http.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    @asynccontextmanager
    async def remote(self) -> AsyncIterator["Remote"]:
        """A socket that stays, for one command after another."""
        async with self._socket() as socket:
            yield Remote(socket)

    @asynccontextmanager
    async def _socket(self) -> AsyncIterator[ClientConnection]:
        address = self.url.replace("http", "ws", 1) + "/api/websocket"
        async with connect(address, max_size=None) as socket:
            await socket.recv()
            await socket.send(json.dumps({"type": "auth", "access_token": self._token}))
            assert json.loads(await socket.recv())["type"] == "auth_ok"
            yield socket


class Remote:
    """A socket for services."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._count = 0

    async def call(self, domain: str, service: str, **data: Any) -> None:
        """Ask for a service, and do not wait for it."""
        self._count += 1
        asked = {"id": self._count, "type": "call_service", "domain": domain, "service": service, "service_data": data}
        await self._socket.send(json.dumps(asked))


def filled_in(schema: list[dict[str, Any]]) -> dict[str, Any]:
    """A form as somebody sends it who changes nothing: what it proposes, its sections too."""
    filled = {}
    for field in schema:
        if field.get("type") == "expandable":
            filled[field["name"]] = filled_in(field["schema"])
        elif "default" in field:
            filled[field["name"]] = field["default"]
        elif field.get("required") and (kind := field.get("selector")):
            filled[field["name"]] = _first(kind)
    return filled


def _first(selector: dict[str, Any]) -> Any:
    """What its frontend shows in a field that has to be filled and has no default."""
    if options := (selector.get("select") or {}).get("options"):
        return options[0]["value"] if isinstance(options[0], dict) else options[0]
    return False if "boolean" in selector else ""


async def _ask(socket: ClientConnection, command: str, **fields: Any) -> Any:
    await socket.send(json.dumps({"id": 1, "type": command, **fields}))
    while (answer := json.loads(await socket.recv())).get("type") != "result":
        pass
    assert answer["success"], answer
    return answer["result"]
