"""The line to the broker: knows within two seconds when the broker is dead or frozen, and comes back by itself.

A granted subscription proves nothing, so the broker counts as there while it delivers a canary that the bridge sends
to itself.
"""

import asyncio
import random
import secrets
import time
from contextlib import suppress
from typing import NoReturn, Protocol

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from presslight.cloud.mqtt.aiomqtt_client import is_of_account
from presslight.cloud.mqtt.connection import Pipe, SubscriptionRefused
from presslight.cloud.settings import Settings
from presslight.contract.cancelling import heed_cancel
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

SLOW_S = 0.025
"""A process whose timers ring so late stood still, or has too much to do, and may not have read what is there."""
WAITS = 4
LOOK_EACH_S = 10
"""How often the bridge looks for lights that are new to it, while it listens to single ones."""
STEADY_S = 10
"""A connection that lived so long was good: the next wait starts short again."""

_MS = 1e-3


class Ears(Protocol):
    """Who hears what the broker says. None of these may raise."""

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """A light's message."""

    def on_ack(self, key: str) -> None:
        """The broker acknowledged the set message of a press."""

    def topics(self) -> tuple[str, ...]:
        """What to subscribe to, beside the canary."""

    def on_renewed(self) -> None:
        """The line was renewed: what was handed over, and what was said, just before may be lost."""

    def on_broker(self, *, found: bool, cause: str = "", detail: str = "") -> None:
        """The broker delivers, or does so no longer; `cause`: why, in one word, `detail`: in a sentence."""


class BrokerSilent(aiomqtt.MqttError):
    """The broker is connected and delivers nothing."""


class NoRights(aiomqtt.MqttError):
    """The broker acknowledges the canary and has never delivered one: brokers drop in silence what is not allowed."""


class Renewal(aiomqtt.MqttError):
    """The connection is given up for a new one."""


class Line:
    """The line to one broker; `run` keeps it up until it is cancelled.

    Between two attempts a random part of min(`reconnect_most_ms`, `reconnect_ms` · 2ᵏ) passes.
    """

    def __init__(self, settings: Settings, ears: Ears) -> None:
        self._settings = settings
        self._ears = ears
        self._user = settings.broker.username or ""
        self._canary = CANARY.format(bridge=BRIDGE_USER if set(self._user) & set("+#/") else self._user or BRIDGE_USER)
        self._name = f"{settings.name}-{secrets.token_hex(4)}"
        self._song = b""
        self._sung = asyncio.Event()
        self._number: int | None = None  # the canary's, until the broker has acknowledged it
        self._pipe: Pipe | None = None
        self._unacked: dict[int, str] = {}
        self._emptying: dict[int, asyncio.Future[bool]] = {}
        self._renewal = asyncio.Event()
        self._is_renewed = False

    def hand_over(self, light: str, message: bytes, key: str) -> int | None:
        """Send a set message. Answers when (ns) it was handed over, None if there is no broker."""
        at = time.monotonic_ns()
        number = self._pipe.hand_over(SET.format(light=light), message) if self._pipe else None
        if number is None:
            return None
        self._unacked[number] = key
        return at

    async def empty(self, light: str) -> bool:
        """Have the broker keep nothing of a light any more; its state last, as that is what bridges heed.

        `announced` goes before the discovery: a light takes the contrary for a deletion in Home Assistant. Answers
        whether the broker has acknowledged all of that, on one connection; it acknowledges also what it does not allow.
        """
        topics = (AVAILABILITY, ANNOUNCED, DISCOVERY, STATE)
        return all(await asyncio.gather(*[self._emptied(topic.format(light=light)) for topic in topics]))

    def empty_availability(self, light: str) -> None:
        """Have the broker not keep that a light is offline."""
        self._empty(AVAILABILITY.format(light=light))

    def _empty(self, topic: str) -> int | None:
        return self._pipe.hand_over(topic, b"", retain=True) if self._pipe else None

    def _emptied(self, topic: str) -> "asyncio.Future[bool]":
        done = asyncio.get_running_loop().create_future()
        number = self._empty(topic)
        if number is None:
            done.set_result(False)
        else:
            self._emptying[number] = done
        return done

    def say_offline(self, light: str) -> None:
        """Have the broker keep that a light is offline: it need not have seen it go."""
        if self._pipe is not None:
            self._pipe.hand_over(AVAILABILITY.format(light=light), b"offline", retain=True)

    def renew(self) -> None:
        """Connect anew at once, and subscribe to what is wanted now.

        What waits to be read is thrown away with the connection, be it ever so much. Nobody is told that the broker is
        away, as it is not.
        """
        self._renewal.set()

    async def run(self) -> NoReturn:
        """Keep the line up for ever."""
        attempt = 0
        while True:
            began = time.monotonic()
            try:
                await self._live()
            except Renewal:
                await heed_cancel()
                self._is_renewed = True
                continue
            except aiomqtt.MqttError as error:
                self._ears.on_broker(found=False, cause=_cause(error), detail=self._detail(error))
            await heed_cancel()
            attempt = 0 if time.monotonic() - began > STEADY_S else min(attempt + 1, 16)
            await asyncio.sleep(self._wait_ms(attempt) * _MS)

    def _wait_ms(self, attempt: int) -> float:
        most = min(self._settings.reconnect_most_ms, self._settings.reconnect_ms * 2**attempt)
        return random.uniform(0, most)  # noqa: S311 -- jitter is no secret

    async def _live(self) -> None:
        """One connection's life. Raises MqttError at its end."""
        is_renewed, self._is_renewed = self._is_renewed, False
        self._renewal.clear()
        topics = self._ears.topics()
        pipe = Pipe(self._settings.broker, self._name, self._on_message, self._on_ack)
        try:
            await pipe.open(*topics, self._canary)
            await heed_cancel()
            self._pipe = pipe
            if is_renewed:
                self._ears.on_renewed()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._sing(pipe, has_sung=is_renewed), name="broker canary")
                tasks.create_task(self._await_renewal(), name="broker renewal")
                if ALL_AVAILABILITIES not in topics:
                    tasks.create_task(self._look_round(pipe), name="lights that are new to the broker")
                await pipe.lost()
        except ExceptionGroup as group:
            await heed_cancel()
            raise group.exceptions[0] from None
        finally:
            self._pipe = None
            self._unacked.clear()
            self._give_up_emptying()
            await pipe.close()

    async def _sing(self, pipe: Pipe, *, has_sung: bool = False) -> NoReturn:
        """Try the broker for ever. Raises BrokerSilent, NoRights."""
        while True:
            self._song = secrets.token_bytes(8)
            self._sung.clear()
            self._number = pipe.hand_over(self._canary, self._song)
            if not await self._heard():
                raise BrokerSilent if has_sung or self._number is not None else NoRights
            has_sung = True
            self._ears.on_broker(found=True)
            await asyncio.sleep(self._settings.canary_ms * _MS)

    async def _await_renewal(self) -> NoReturn:
        await self._renewal.wait()
        raise Renewal

    async def _look_round(self, pipe: Pipe) -> NoReturn:
        """See every so often which other lights the broker knows than those that are listened to. Raises MqttError."""
        while True:
            await asyncio.sleep(LOOK_EACH_S)
            await pipe.look(ALL_AVAILABILITIES)

    async def _heard(self) -> bool:
        """Wait for the canary. Where this process is too slow to judge anybody, wait again."""
        loop = asyncio.get_running_loop()
        for _ in range(WAITS):
            until = loop.time() + self._settings.canary_limit_ms * _MS
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._sung.wait()
            if self._sung.is_set() or loop.time() - until < SLOW_S:
                break
        return self._sung.is_set()

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        if topic != self._canary:
            self._ears.on_message(topic, payload, retained=retained)
        elif payload == self._song:
            self._sung.set()

    def _on_ack(self, number: int) -> None:
        if number == self._number:
            self._number = None
        done = self._emptying.pop(number, None)
        if done is not None and not done.done():
            done.set_result(True)
        key = self._unacked.pop(number, None)
        if key is not None:
            self._ears.on_ack(key)

    def _give_up_emptying(self) -> None:
        for done in self._emptying.values():
            if not done.done():
                done.set_result(False)
        self._emptying.clear()

    def _detail(self, error: aiomqtt.MqttError) -> str:
        """What is wrong, in a sentence for whoever runs the bridge."""
        user = f"user {self._user!r}" if self._user else "a client without a user"
        match error:
            case BrokerSilent():
                return "the broker is connected and delivers nothing"
            case NoRights():
                return f"the broker drops what {user} sends to {self._canary}: {user} has no right to write or read it"
            case SubscriptionRefused():
                return f"the broker does not let {user} read {error}"
            case MqttConnectError() if is_of_account(error):
                return f"the broker does not let {user} in: its name or its password is wrong, or it may not connect"
            case _:
                return str(error)


def _cause(error: aiomqtt.MqttError) -> str:
    """Why the broker is away: `silent` (delivers nothing), `no_rights`, `refused` (does not let us in), `lost`."""
    if isinstance(error, BrokerSilent):
        return "silent"
    if isinstance(error, NoRights | SubscriptionRefused):
        return "no_rights"
    return "refused" if isinstance(error, MqttConnectError) else "lost"
