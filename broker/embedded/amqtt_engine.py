"""Amqtt with the contract's rights, with what MQTT 5 asks of a broker, and with what it does wrong put right.

Inside, a message begins with its properties, a subscription's QoS is MQTT 5's byte of options, and acknowledgements
carry reason codes: `presslight.broker.embedded.mqtt3` and `presslight.broker.embedded.mqtt5` word them for each client.

Found by trying amqtt 0.12.1:

- It asks its plugins, each in a task of its own, while it walks its table of subscriptions. A client that subscribes
  in that moment breaks the walk, and the message is lost. So the rights are judged in place.
- Each newcomer is sent the retained messages of everybody's subscriptions, whatever its own rights, and this walk
  breaks in the same way. So retained messages go to who subscribed, and to nobody else.
- A client that does not acknowledge them holds up its own next packets for 5 s. So they are sent from tasks.
- It keeps every delivery until the oldest is done, and one may wait long for its turn (`Window`). So it keeps none.
- It takes a message for done after 5 s without an acknowledgement, which the client still owes. So who limited how many
  those may be (Receive Maximum) is disconnected then.
- A client that leaves before amqtt's loop for it runs is never noticed to be gone, and its name is taken for ever. So
  the first packet after CONNECT waits for that loop.
- Messages queue without a bound, so one who floods takes all memory. The queue here is short and fair; who fills it
  waits (`FairQueue`).
- A message is delivered with its subscription's QoS, whatever it was sent with, and a second subscription to the same
  filter changes nothing. So messages are handed out here.

What it does wrong with a single connection is put right in `presslight.broker.embedded.client_connection`.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import AMQTTError, ProtocolHandlerError
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.plugins.manager import PluginManager
from amqtt.session import Session

from presslight.broker.embedded import mqtt5, properties
from presslight.broker.embedded.client_connection import Visit
from presslight.broker.embedded.mqtt5 import RETAIN_AS_PUBLISHED
from presslight.broker.embedded.packet import Kind, publish_bytes
from presslight.broker.embedded.reason_codes import Reason
from presslight.broker.limits import MAX_QOS, MAX_UNREAD_BYTES, MAX_UNREAD_MESSAGES
from presslight.broker.refusals import Refusals, Refused
from presslight.contract.topics import Action, covers, may

Done: TypeAlias = "asyncio.Future[Any]"
"""What amqtt has waited for."""

LISTENER = "default"
NAMESPACE = "presslight"
MAX_QUEUED = 2
"""Messages between their sender and their receivers. A press waits behind them, so no more than keep amqtt busy."""

CLIENT_TROUBLE = (TimeoutError, AMQTTError, ProtocolHandlerError)
"""What amqtt raises when a client went away or did not acknowledge a message within 5 s."""

_log = logging.getLogger("presslight.broker")


class Message(NamedTuple):
    """One on its way: `data` is its properties and its payload, `sender` a user, `at` the loop's time when it came."""

    sender: str
    topic: str
    data: bytes
    qos: int
    retain: bool
    at: float

    def to(self, wanted: "Wanted") -> "Message":
        """The message as one subscription gets it."""
        data = properties.identified(self.data, wanted.identifier) if wanted.identifier else self.data
        return self._replace(data=data, qos=min(self.qos, wanted.options & MAX_QOS))


class Wanted(NamedTuple):
    """How a subscription is to be served: MQTT 5's byte of options, and the identifier that goes with it, 0 for none.

    It stands where amqtt keeps a subscription's QoS.
    """

    options: int
    identifier: int


class FairQueue(asyncio.Queue[Any]):
    """A bounded queue where who waits longest is next.

    In a full asyncio.Queue one who floods starves the others.
    """

    def __init__(self, room: int = MAX_QUEUED) -> None:
        super().__init__()
        self._room = asyncio.Semaphore(room)

    async def put(self, item: Any) -> None:
        """Append, once it is this caller's turn."""
        await self._room.acquire()
        self.put_nowait(item)

    async def get(self) -> Any:
        """Take the oldest."""
        item = await super().get()
        self._room.release()
        return item


class Signed(PluginManager):  # type: ignore[misc]  # amqtt ships no types
    """Stands where amqtt keeps its plugins. Yes: who came as far as amqtt has signed in."""

    async def map_plugin_auth(self, *, session: Session) -> dict[Any, bool]:  # noqa: ARG002 -- amqtt's signature
        """Whether a session may be."""
        return {self: True}


class Engine(Broker):  # type: ignore[misc]  # amqtt ships no types
    """Amqtt without sockets: `guests`, by their names, come in through `external_connected`."""

    def __init__(self, refusals: Refusals, tasks: asyncio.TaskGroup, guests: Mapping[str, Visit]) -> None:
        super().__init__(BrokerConfig(listeners={LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)}, plugins={}))
        self.plugins_manager: PluginManager = Signed(NAMESPACE, self.plugins_manager.context)
        self._broadcast_queue = FairQueue()
        self._refusals = refusals
        self._tasks = tasks
        self._guests = guests

    def keep(self, user: str, topic: str, payload: bytes) -> None:
        """Have a message of `user` retained, as nobody is there yet to hear it."""
        data = properties.NONE + payload
        self.retained_messages[topic] = Message(user, topic, data, MAX_QOS, retain=True, at=_now())

    # -- what amqtt calls ----------------------------------------------------------------------------------------------

    async def _client_message_loop(self, client_session: Session, handler: BrokerProtocolHandler) -> None:
        if visit := self._guests.get(client_session.client_id):
            visit.begin()
        await super()._client_message_loop(client_session, handler)

    async def _handle_message_delivery(self, client_session: Session, _: object, wait_deliver: Done) -> bool:
        """Hand out what a client published, where it may. Gives True: its connection goes on."""
        sent, user = wait_deliver.result(), client_session.client_id
        if sent and (visit := self._guests.get(user)):
            visit.taken()
            if self._may(user, "write" if properties.payload(sent.data) else "empty", sent.topic):
                await self._hand_out(Message(user, sent.topic, sent.data, sent.qos, sent.retain, _now()))
        return True

    async def _broadcast_message(self, session: Session, topic: str, data: bytes, force_qos: int | None = None) -> None:
        """Hand out a will: amqtt calls this for nothing else, as what clients publish is handed out above."""
        await self._hand_out(
            Message(session.client_id, topic, bytes(data), force_qos or 0, bool(session.will_retain), _now())
        )

    async def retain_message(self, *_: object) -> None:
        """Called after a will that shall be retained, which `_hand_out` has seen to."""

    async def _publish_retained_messages_for_subscription(self, *_: object) -> None:
        """Called when a client connects, for everybody's subscriptions: nobody is sent what it did not subscribe to."""

    async def _handle_subscription(
        self, client_session: Session, handler: BrokerProtocolHandler, subscribe_waiter: Done
    ) -> None:
        asked, visit = subscribe_waiter.result(), self._guests[client_session.client_id]
        identifier = visit.identifier_of(asked.packet_id)
        known, codes = list[bool](), list[int]()
        for topic, options in asked.topics:  # one by one, as a filter may come twice (3.8.4)
            known.append(self._unsubscribe(client_session, topic))
            codes.append(self._subscribe(client_session, topic, Wanted(options, identifier)))
        visit.write(mqtt5.acknowledgement(Kind.SUBACK, asked.packet_id, codes))
        for (topic, options), code, old in zip(asked.topics, codes, known, strict=True):
            if code <= MAX_QOS and mqtt5.wants_retained(options, new=not old):
                self._send_retained(visit, handler, topic, Wanted(options, identifier))

    async def _handle_unsubscription(self, client_session: Session, _: object, unsubscribe_waiter: Done) -> None:
        asked, visit = unsubscribe_waiter.result(), self._guests[client_session.client_id]
        known = [self._unsubscribe(client_session, wanted) for wanted in asked.topics]
        codes = [Reason.SUCCESS if old else Reason.NO_SUBSCRIPTION_EXISTED for old in known]
        visit.write(mqtt5.acknowledgement(Kind.UNSUBACK, asked.packet_id, codes))

    async def _run_broadcast(self, _: object) -> None:
        """Send the next message to everybody who subscribed to it."""
        message: Message = await self._broadcast_queue.get()
        for topic, holders in self.subscriptions.items():
            if not covers(topic, message.topic):
                continue
            for session, wanted in holders:
                visit = self._guests.get(session.client_id)
                if (
                    visit
                    and session.transitions.state == "connected"
                    and mqtt5.hears(wanted.options, visit.user, message.sender)
                ):
                    retain = message.retain and bool(wanted.options & RETAIN_AS_PUBLISHED)
                    _, handler = self.sessions[session.client_id]
                    self._send_soon(visit, handler, message.to(wanted), retain=retain)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _may(self, user: str, action: Action, topic: str) -> bool:
        allowed = may(user, action, topic)
        if not allowed:
            self._refusals.note(user, Refused.SUBSCRIBE if action == "read" else Refused.PUBLISH, topic)
        return allowed

    def _subscribe(self, session: Session, topic: str, wanted: Wanted) -> int:
        """The reason code of one subscription: the QoS that is granted, or why none is."""
        if not mqtt5.is_filter(topic) or not self._may(session.client_id, "read", topic):
            return mqtt5.why_not(topic)
        self.subscriptions.setdefault(topic, []).append((session, wanted))
        return wanted.options & MAX_QOS

    def _unsubscribe(self, session: Session, topic: str) -> bool:
        """Whether there was such a subscription."""
        found = bool(self._del_subscription(topic, session))
        if not self.subscriptions.get(topic, True):
            del self.subscriptions[topic]
        return found

    async def _hand_out(self, message: Message) -> None:
        await self._broadcast_queue.put(message)
        if message.retain and properties.payload(message.data):
            self.retained_messages[message.topic] = message
        elif message.retain:
            self.retained_messages.pop(message.topic, None)

    def _send_retained(self, visit: Visit, handler: BrokerProtocolHandler, topic: str, wanted: Wanted) -> None:
        for message in self.retained_messages.values():
            if covers(topic, message.topic):
                self._send_soon(visit, handler, message.to(wanted), retain=True)

    def _send_soon(self, visit: Visit, handler: BrokerProtocolHandler, message: Message, *, retain: bool) -> None:
        """Send from a task, which nobody keeps once it is done."""
        self._tasks.create_task(
            self._send_patiently(visit, handler, message, retain=retain), name=f"{message.topic} to {visit.user}"
        )

    async def _send_patiently(
        self, visit: Visit, handler: BrokerProtocolHandler, message: Message, *, retain: bool
    ) -> None:
        try:
            await self._send(visit, handler, message, retain=retain)
        except CLIENT_TROUBLE:
            self._refusals.note(visit.user, Refused.UNREAD, message.topic)
        except Exception:  # one client's trouble with amqtt is not the house's
            _log.exception("a message to %s was lost by an error", visit.user)

    async def _send(self, visit: Visit, handler: BrokerProtocolHandler, message: Message, *, retain: bool) -> None:
        """Send one message to one client, once it takes more of them; gives up where it does not acknowledge it."""
        window = visit.window
        if not window or not message.qos:
            await _publish(visit, handler, message, retain=retain)
        elif window.unacknowledged_bytes > MAX_UNREAD_BYTES or window.unacknowledged >= MAX_UNREAD_MESSAGES:
            self._cut_off(visit)
        else:
            async with window.place(len(message.data)):
                await self._publish_in_time(visit, handler, message, retain=retain)

    async def _publish_in_time(
        self, visit: Visit, handler: BrokerProtocolHandler, message: Message, *, retain: bool
    ) -> None:
        """The client that does not acknowledge in time has to go: until it does, the place of its message is taken."""
        try:
            await _publish(visit, handler, message, retain=retain)
        except TimeoutError:
            self._cut_off(visit)

    def _cut_off(self, visit: Visit) -> None:
        self._refusals.note(visit.user, Refused.UNREAD, "disconnected")
        visit.end(Reason.QUOTA_EXCEEDED)


async def _publish(visit: Visit, handler: BrokerProtocolHandler, message: Message, *, retain: bool) -> None:
    data = properties.aged(message.data, _now() - message.at)
    if data is not None and visit.takes(publish_bytes(message.topic, data, message.qos)):
        await handler.mqtt_publish(message.topic, data, message.qos, retain=retain)


def _now() -> float:
    return asyncio.get_running_loop().time()


def quieten() -> None:
    """Keep amqtt's real errors, and drop what is only a client's trouble or its own progress."""
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.WARNING)
    logging.getLogger("amqtt.broker").addFilter(_is_real)


def _is_real(record: logging.LogRecord) -> bool:
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, CLIENT_TROUBLE)
