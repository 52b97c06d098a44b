"""MQTT client of the bridge: detects a dead or frozen broker within two seconds and reconnects by itself.

A granted SUBACK does not prove that the broker delivers, so the broker counts as up while it returns a canary: a
message that the bridge publishes to itself.
"""

import asyncio
import random
import secrets
import time
from contextlib import suppress
from typing import NoReturn, Protocol

import aiomqtt

from presslight.cloud.mqtt.broker_loss import BrokerSilent, NotAuthorized, describe_loss
from presslight.cloud.mqtt.connection import MqttConnection
from presslight.cloud.settings import Settings
from presslight.contract.cancelling import raise_if_cancelled
from presslight.contract.topics import (
    ALL_AVAILABILITIES,
    ANNOUNCED,
    AVAILABILITY,
    BRIDGE_USER,
    CANARY,
    DISCOVERY,
    SET,
    STATE,
)

STALLED_S = 0.025
"""A timer this late means that this process was suspended or overloaded, and may not have read what has arrived."""
MAX_CANARY_WAITS = 4
POLL_NEW_LIGHTS_S = 10
"""Interval of the search for new lights while the bridge subscribes to lights by name."""
STABLE_S = 10
"""A connection that lasted this long resets the back-off."""

_MS = 1e-3


class MqttListener(Protocol):
    """Callbacks of the MQTT client. None of them may raise."""

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Handle a PUBLISH of a light. `retained`: the broker had stored it before we subscribed."""

    def on_ack(self, key: str) -> None:
        """Handle the PUBACK of a press's set message."""

    def topics(self) -> tuple[str, ...]:
        """Topics to subscribe to, beside the canary's."""

    def on_reconnected(self) -> None:
        """Handle a connection made anew on purpose: messages in flight in either direction may be lost."""

    def on_broker(self, *, found: bool, cause: str = "", detail: str = "") -> None:
        """Handle the broker's return or loss. `cause`: a `LossCause`; `detail`: a sentence for the log."""


class Reconnect(aiomqtt.MqttError):
    """The connection is closed on purpose, to make a new one."""


class MqttClient:
    """Client of one broker; `run` keeps it connected until it is cancelled.

    Back-off between attempts: uniformly random up to min(`reconnect_most_ms`, `reconnect_ms` · 2ᵏ) (full jitter).
    """

    _listener: MqttListener
    """Set by `run`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._user = settings.broker.username or ""
        self._canary = CANARY.format(bridge=BRIDGE_USER if set(self._user) & set("+#/") else self._user or BRIDGE_USER)
        self._name = f"{settings.name}-{secrets.token_hex(4)}"
        self._canary_payload = b""
        self._canary_returned = asyncio.Event()
        self._canary_packet_id: int | None = None  # None once the broker has acknowledged it
        self._connection: MqttConnection | None = None
        self._unacked: dict[int, str] = {}
        self._clearing: dict[int, asyncio.Future[bool]] = {}
        self._reconnect_wanted = asyncio.Event()
        self._reconnecting = False

    def publish(self, light: str, message: bytes, key: str) -> int | None:
        """Publish a set message at QoS 1. Return its time (monotonic ns), or None without a connection."""
        at = time.monotonic_ns()
        packet_id = self._connection.publish_nowait(SET.format(light=light), message) if self._connection else None
        if packet_id is None:
            return None
        self._unacked[packet_id] = key
        return at

    async def clear_retained(self, light: str) -> bool:
        """Delete every retained message of a light (MQTT 3.1.1, 3.3.1.3); its state last, as bridges act on that one.

        `announced` goes before the discovery: a light takes the reverse order for a deletion in Home Assistant.
        Return whether the broker has acknowledged all of them on one connection; it also acknowledges what its ACL
        forbids.
        """
        topics = (AVAILABILITY, ANNOUNCED, DISCOVERY, STATE)
        return all(await asyncio.gather(*[self._clear_and_await(topic.format(light=light)) for topic in topics]))

    def clear_availability(self, light: str) -> None:
        """Delete the retained availability of a light."""
        self._clear(AVAILABILITY.format(light=light))

    def _clear(self, topic: str) -> int | None:
        return self._connection.publish_nowait(topic, b"", retain=True) if self._connection else None

    def _clear_and_await(self, topic: str) -> "asyncio.Future[bool]":
        done = asyncio.get_running_loop().create_future()
        packet_id = self._clear(topic)
        if packet_id is None:
            done.set_result(False)
        else:
            self._clearing[packet_id] = done
        return done

    def publish_offline(self, light: str) -> None:
        """Publish a light's retained `offline`: a broker that did not see it leave has published no will."""
        if self._connection is not None:
            self._connection.publish_nowait(AVAILABILITY.format(light=light), b"offline", retain=True)

    def reconnect(self) -> None:
        """Close the connection, connect again at once and subscribe to `MqttListener.topics` as they are then.

        Unread messages are discarded with the connection. `on_broker` is not called, as the broker is not lost.
        """
        self._reconnect_wanted.set()

    async def run(self, listener: MqttListener) -> NoReturn:
        """Stay connected until cancelled."""
        self._listener = listener
        attempt = 0
        while True:
            began = time.monotonic()
            try:
                await self._run_connection()
            except Reconnect:
                await raise_if_cancelled()
                self._reconnecting = True
                continue
            except aiomqtt.MqttError as error:
                cause, detail = describe_loss(error, self._user, self._canary)
                self._listener.on_broker(found=False, cause=cause, detail=detail)
            await raise_if_cancelled()
            attempt = 0 if time.monotonic() - began > STABLE_S else min(attempt + 1, 16)
            await asyncio.sleep(self._wait_ms(attempt) * _MS)

    def _wait_ms(self, attempt: int) -> float:
        most = min(self._settings.reconnect_most_ms, self._settings.reconnect_ms * 2**attempt)
        return random.uniform(0, most)  # noqa: S311 -- jitter is no secret

    async def _run_connection(self) -> None:
        """Open one connection and use it until it ends. Always raises, mostly an MqttError."""
        reconnecting, self._reconnecting = self._reconnecting, False
        self._reconnect_wanted.clear()
        topics = self._listener.topics()
        connection = MqttConnection(self._settings.broker, self._name, self._on_message, self._on_ack)
        try:
            await connection.open(*topics, self._canary)
            await raise_if_cancelled()
            self._connection = connection
            if reconnecting:
                self._listener.on_reconnected()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send_canaries(connection, has_returned=reconnecting), name="broker canary")
                tasks.create_task(self._await_reconnect(), name="broker reconnect")
                if ALL_AVAILABILITIES not in topics:
                    tasks.create_task(self._poll_new_lights(connection), name="lights that are new to the broker")
                await connection.wait_lost()
        except ExceptionGroup as group:
            await raise_if_cancelled()
            raise group.exceptions[0] from None
        finally:
            self._connection = None
            self._unacked.clear()
            self._fail_clearing()
            await connection.close()

    async def _send_canaries(self, connection: MqttConnection, *, has_returned: bool = False) -> NoReturn:
        """Publish a canary every `canary_ms` and wait for its return. Raises BrokerSilent, NotAuthorized."""
        while True:
            self._canary_payload = secrets.token_bytes(8)
            self._canary_returned.clear()
            self._canary_packet_id = connection.publish_nowait(self._canary, self._canary_payload)
            if not await self._wait_for_canary():
                raise BrokerSilent if has_returned or self._canary_packet_id is not None else NotAuthorized
            has_returned = True
            self._listener.on_broker(found=True)
            await asyncio.sleep(self._settings.canary_ms * _MS)

    async def _await_reconnect(self) -> NoReturn:
        await self._reconnect_wanted.wait()
        raise Reconnect

    async def _poll_new_lights(self, connection: MqttConnection) -> NoReturn:
        """Fetch retained availabilities at intervals, to find lights not subscribed to. Raises MqttError."""
        while True:
            await asyncio.sleep(POLL_NEW_LIGHTS_S)
            await connection.fetch_retained(ALL_AVAILABILITIES)

    async def _wait_for_canary(self) -> bool:
        """Wait for the canary's return; wait again where this process stalled, as that says nothing of the broker."""
        loop = asyncio.get_running_loop()
        for _ in range(MAX_CANARY_WAITS):
            until = loop.time() + self._settings.canary_limit_ms * _MS
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._canary_returned.wait()
            if self._canary_returned.is_set() or loop.time() - until < STALLED_S:
                break
        return self._canary_returned.is_set()

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        if topic != self._canary:
            self._listener.on_message(topic, payload, retained=retained)
        elif payload == self._canary_payload:
            self._canary_returned.set()

    def _on_ack(self, packet_id: int) -> None:
        if packet_id == self._canary_packet_id:
            self._canary_packet_id = None
        done = self._clearing.pop(packet_id, None)
        if done is not None and not done.done():
            done.set_result(True)
        key = self._unacked.pop(packet_id, None)
        if key is not None:
            self._listener.on_ack(key)

    def _fail_clearing(self) -> None:
        for done in self._clearing.values():
            if not done.done():
                done.set_result(False)
        self._clearing.clear()
