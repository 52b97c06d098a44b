"""Amqtt with the contract's rights, and with what it does wrong put right.

Found by trying amqtt 0.12.1:

- It asks its plugins, each in a task of its own, while it walks its table of subscriptions. A client that subscribes
  in that moment breaks the walk, and the message is lost. So the rights are judged in place (`Rights`).
- Each newcomer is sent the retained messages of everybody's subscriptions, whatever its own rights, and this walk
  breaks in the same way. So retained messages go to who subscribed, and to nobody else.
- A client that does not acknowledge them holds up its own next packets for 5 s. So they are sent from tasks.
- A client that leaves before amqtt's loop for it runs is never noticed to be gone, and its name is taken for ever. So
  the first packet after CONNECT waits for that loop.
- Messages queue without a bound, so one who floods takes all memory. The queue here is short and fair; who fills it
  waits (`FairQueue`).

What it does wrong with a single connection is put right in `broker.visit`.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from amqtt.broker import Broker, RetainedApplicationMessage
from amqtt.contexts import Action, BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import AMQTTError, ProtocolHandlerError
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.plugins.manager import PluginManager
from amqtt.session import Session

from broker.refusals import Refusals, Refused
from broker.visit import Visit
from contract.topics import covers, may

LISTENER = "default"
NAMESPACE = "presslight"
MAX_QUEUED = 2
"""Messages between their sender and their receivers. A press waits behind them, so no more than keep amqtt busy."""

CLIENT_TROUBLE = (TimeoutError, AMQTTError, ProtocolHandlerError)
"""What amqtt raises when a client went away or did not acknowledge a message within 5 s."""


class FairQueue(asyncio.Queue[dict[str, Any]]):
    """A bounded queue where who waits longest is next.

    In a full asyncio.Queue one who floods starves the others.
    """

    def __init__(self, room: int = MAX_QUEUED) -> None:
        super().__init__()
        self._room = asyncio.Semaphore(room)

    async def put(self, item: dict[str, Any]) -> None:
        """Append, once it is this caller's turn."""
        await self._room.acquire()
        self.put_nowait(item)

    async def get(self) -> dict[str, Any]:
        """Take the oldest."""
        item = await super().get()
        self._room.release()
        return item


class Rights(PluginManager):  # type: ignore[misc]  # amqtt ships no types
    """Stands where amqtt keeps its plugins, and answers for them without a task in between."""

    def __init__(self, engine: "Engine", refusals: Refusals, guests: Mapping[str, Visit]) -> None:
        super().__init__(NAMESPACE, engine.plugins_manager.context)
        self._refusals = refusals
        self._guests = guests

    async def map_plugin_auth(self, *, session: Session) -> dict[Any, bool]:  # noqa: ARG002 -- amqtt's signature
        """Yes: who came as far as amqtt has signed in."""
        return {self: True}

    async def map_plugin_topic(self, *, session: Session, topic: str, action: Action) -> dict[Any, bool]:
        """Whether the contract lets this session's user publish to, subscribe to or receive from `topic`."""
        user = session.username
        allowed = may(user, "write" if action is Action.PUBLISH else "read", topic)
        if action is Action.PUBLISH and (visit := self._guests.get(user)):
            visit.taken()
        if not allowed:
            self._refusals.note(user, Refused.PUBLISH if action is Action.PUBLISH else Refused.SUBSCRIBE, topic)
        return {self: allowed}


class Engine(Broker):  # type: ignore[misc]  # amqtt ships no types
    """Amqtt without sockets: `guests`, by their names, come in through `external_connected`."""

    def __init__(self, refusals: Refusals, tasks: asyncio.TaskGroup, guests: Mapping[str, Visit]) -> None:
        super().__init__(BrokerConfig(listeners={LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)}, plugins={}))
        self.plugins_manager = Rights(self, refusals, guests)
        self._broadcast_queue = FairQueue()
        self._refusals = refusals
        self._tasks = tasks
        self._guests = guests

    async def _client_message_loop(self, client_session: Session, handler: BrokerProtocolHandler) -> None:
        if visit := self._guests.get(client_session.client_id):
            visit.begin()
        await super()._client_message_loop(client_session, handler)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        """Called for a new subscription; and when a client connects, for everybody's: those are skipped."""
        wanted, qos = subscription
        if not any(holder is session for holder, _ in self.subscriptions.get(wanted, ())):
            return
        _, handler = self.sessions[session.client_id]
        for topic, message in self.retained_messages.items():
            if covers(wanted, topic):
                self._tasks.create_task(
                    self._send_retained(handler, session.client_id, message, min(qos, message.qos)),
                    name=f"retained {topic} to {session.client_id}",
                )

    async def _send_retained(
        self, handler: BrokerProtocolHandler, user: str, message: RetainedApplicationMessage, qos: int
    ) -> None:
        try:
            await handler.mqtt_publish(message.topic, message.data, qos, retain=True)
        except CLIENT_TROUBLE:
            self._refusals.note(user, Refused.UNREAD, message.topic)


def quieten() -> None:
    """Keep amqtt's real errors, and drop what is only a client's trouble or its own progress."""
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.WARNING)
    logging.getLogger("amqtt.broker").addFilter(_is_real)


def _is_real(record: logging.LogRecord) -> bool:
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, CLIENT_TROUBLE)
