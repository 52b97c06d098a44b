"""Amqtt's broker with the contract's rights, the parts of MQTT 5 that it lacks, and corrections of its faults.

Inside the broker a message begins with its properties, a subscription's QoS is MQTT 5's byte of options, and
acknowledgements carry reason codes: the codecs in `presslight.broker.embedded.mqtt3` and
`presslight.broker.embedded.mqtt5` translate them for each client.

Faults of amqtt 0.12.1, each reproduced here, and what replaces them:

- It calls its plugins in tasks of their own while it iterates over its subscriptions. A SUBSCRIBE in that moment
  breaks the iteration, and the message is lost. Here rights are checked in place.
- It sends a new client the retained messages of all clients' subscriptions, whatever its own rights, and this
  iteration breaks in the same way. Here retained messages go to the subscriber only.
- Retained messages that a client does not acknowledge delay the client's own next packets by 5 s. Here tasks send them.
- It keeps all deliveries until the oldest is done, which may wait long for its turn (`ReceiveMaximum`). Here it keeps
  none.
- After 5 s it treats an unacknowledged message as done, while the client still owes the PUBACK. Here a client that
  stated a Receive Maximum is disconnected then.
- It never notices the end of a client that leaves before amqtt's loop for it runs, and its client id stays taken. Here
  the first packet after CONNECT waits for that loop.
- Its queue has no bound, so one flooding client takes all memory. Here the queue is short and fair: a client that fills
  it waits (`FairQueue`).
- It delivers a message with its subscription's QoS, whatever the publisher's was, and ignores a second subscription to
  the same filter. Here messages are routed in this class.

Faults that concern a single connection are corrected in `presslight.broker.embedded.client_connection`.
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
from presslight.broker.embedded.client_connection import ClientConnection
from presslight.broker.embedded.fair_queue import FairQueue
from presslight.broker.embedded.mqtt5 import RETAIN_AS_PUBLISHED
from presslight.broker.embedded.packet import PacketType, publish_size
from presslight.broker.embedded.reason_codes import ReasonCode
from presslight.broker.limits import MAX_QOS, MAX_UNREAD_BYTES, MAX_UNREAD_MESSAGES
from presslight.broker.refusals import RefusalKind, Refusals
from presslight.contract.topics import Action, covers, may

AmqttFuture: TypeAlias = "asyncio.Future[Any]"
"""The finished future that amqtt passes to a handler."""

LISTENER = "default"
NAMESPACE = "presslight"
CLIENT_ERRORS = (TimeoutError, AMQTTError, ProtocolHandlerError)
"""Errors of amqtt for a client that has left, or that did not acknowledge a message within 5 s."""

_log = logging.getLogger("presslight.broker")


class Message(NamedTuple):
    """A published message. `sender`: the user. `data`: properties and payload. `at`: the loop's time, in s."""

    sender: str
    topic: str
    data: bytes
    qos: int
    retain: bool
    at: float

    def for_subscription(self, subscription: "Subscription") -> "Message":
        """The message for one subscription: with its identifier, and at most its QoS (3.8.4)."""
        data = (
            properties.with_subscription_identifier(self.data, subscription.identifier)
            if subscription.identifier
            else self.data
        )
        return self._replace(data=data, qos=min(self.qos, subscription.options & MAX_QOS))


class Subscription(NamedTuple):
    """MQTT 5's byte of Subscription Options (3.8.3.1) and the Subscription Identifier, 0 for none.

    Amqtt keeps it in the place of a subscription's QoS.
    """

    options: int
    identifier: int


class AuthenticatedClients(PluginManager):  # type: ignore[misc]  # amqtt ships no types
    """Replaces amqtt's plugins: accepts each session, as `EmbeddedBroker` has authenticated its user."""

    async def map_plugin_auth(self, *, session: Session) -> dict[Any, bool]:  # noqa: ARG002 -- amqtt's signature
        """Accept the session."""
        return {self: True}


class AmqttEngine(Broker):  # type: ignore[misc]  # amqtt ships no types
    """Amqtt's broker without sockets of its own.

    `clients`: the authenticated connections by user; each enters through `external_connected`. `tasks`: the group in
    which deliveries run.
    """

    def __init__(self, refusals: Refusals, tasks: asyncio.TaskGroup, clients: Mapping[str, ClientConnection]) -> None:
        super().__init__(BrokerConfig(listeners={LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)}, plugins={}))
        self.plugins_manager: PluginManager = AuthenticatedClients(NAMESPACE, self.plugins_manager.context)
        self._broadcast_queue = FairQueue()
        self._refusals = refusals
        self._tasks = tasks
        self._clients = clients

    def retain(self, user: str, topic: str, payload: bytes) -> None:
        """Retain a message of `user` before the first client connects."""
        data = properties.NONE + payload
        self.retained_messages[topic] = Message(user, topic, data, MAX_QOS, retain=True, at=_now())

    # -- called by amqtt -----------------------------------------------------------------------------------------------

    async def _client_message_loop(self, client_session: Session, handler: BrokerProtocolHandler) -> None:
        if client := self._clients.get(client_session.client_id):
            client.start_receiving()
        await super()._client_message_loop(client_session, handler)

    async def _handle_message_delivery(self, client_session: Session, _: object, wait_deliver: AmqttFuture) -> bool:
        """Route a PUBLISH where its sender has the right to it. True: the connection continues."""
        sent, user = wait_deliver.result(), client_session.client_id
        if sent and (client := self._clients.get(user)):
            client.finish_request()
            if self._check_right(user, "write" if properties.payload_of(sent.data) else "empty", sent.topic):
                await self._route(Message(user, sent.topic, sent.data, sent.qos, sent.retain, _now()))
        return True

    async def _broadcast_message(self, session: Session, topic: str, data: bytes, force_qos: int | None = None) -> None:
        """Route a will: amqtt calls this for wills only, as `_handle_message_delivery` routes PUBLISH packets."""
        await self._route(
            Message(session.client_id, topic, bytes(data), force_qos or 0, bool(session.will_retain), _now())
        )

    async def retain_message(self, *_: object) -> None:
        """Do nothing: called after a retained will, which `_route` has stored."""

    async def _publish_retained_messages_for_subscription(self, *_: object) -> None:
        """Do nothing: called when a client connects, for the subscriptions of all clients."""

    async def _handle_subscription(
        self, client_session: Session, handler: BrokerProtocolHandler, subscribe_waiter: AmqttFuture
    ) -> None:
        request, client = subscribe_waiter.result(), self._clients[client_session.client_id]
        identifier = client.pop_subscription_identifier(request.packet_id)
        existed, codes = list[bool](), list[int]()
        for topic, options in request.topics:  # one by one, as a filter may come twice (3.8.4)
            existed.append(self._unsubscribe(client_session, topic))
            codes.append(self._subscribe(client_session, topic, Subscription(options, identifier)))
        client.write(mqtt5.subscription_ack(PacketType.SUBACK, request.packet_id, codes))
        for (topic, options), code, is_known in zip(request.topics, codes, existed, strict=True):
            if code <= MAX_QOS and mqtt5.sends_retained(options, new=not is_known):
                self._send_retained(client, handler, topic, Subscription(options, identifier))

    async def _handle_unsubscription(self, client_session: Session, _: object, unsubscribe_waiter: AmqttFuture) -> None:
        request, client = unsubscribe_waiter.result(), self._clients[client_session.client_id]
        existed = [self._unsubscribe(client_session, subscription) for subscription in request.topics]
        codes = [ReasonCode.SUCCESS if is_known else ReasonCode.NO_SUBSCRIPTION_EXISTED for is_known in existed]
        client.write(mqtt5.subscription_ack(PacketType.UNSUBACK, request.packet_id, codes))

    async def _run_broadcast(self, _: object) -> None:
        """Deliver the next message of the queue to its subscribers."""
        message: Message = await self._broadcast_queue.get()
        for topic, holders in self.subscriptions.items():
            if not covers(topic, message.topic):
                continue
            for session, subscription in holders:
                client = self._clients.get(session.client_id)
                if (
                    client
                    and session.transitions.state == "connected"
                    and mqtt5.passes_no_local(subscription.options, client.user, message.sender)
                ):
                    retain = message.retain and bool(subscription.options & RETAIN_AS_PUBLISHED)
                    _, handler = self.sessions[session.client_id]
                    self._schedule_send(client, handler, message.for_subscription(subscription), retain=retain)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _check_right(self, user: str, action: Action, topic: str) -> bool:
        allowed = may(user, action, topic)
        if not allowed:
            self._refusals.record(user, RefusalKind.SUBSCRIBE if action == "read" else RefusalKind.PUBLISH, topic)
        return allowed

    def _subscribe(self, session: Session, topic: str, subscription: Subscription) -> int:
        """Add one subscription; its reason code: the granted QoS, or an error (3.9.3)."""
        if not mqtt5.is_topic_filter(topic) or not self._check_right(session.client_id, "read", topic):
            return mqtt5.filter_error(topic)
        self.subscriptions.setdefault(topic, []).append((session, subscription))
        return subscription.options & MAX_QOS

    def _unsubscribe(self, session: Session, topic: str) -> bool:
        """Remove one subscription; False where there was none."""
        found = bool(self._del_subscription(topic, session))
        if not self.subscriptions.get(topic, True):
            del self.subscriptions[topic]
        return found

    async def _route(self, message: Message) -> None:
        await self._broadcast_queue.put(message)
        if message.retain and properties.payload_of(message.data):
            self.retained_messages[message.topic] = message
        elif message.retain:
            self.retained_messages.pop(message.topic, None)

    def _send_retained(
        self, client: ClientConnection, handler: BrokerProtocolHandler, topic: str, subscription: Subscription
    ) -> None:
        for message in self.retained_messages.values():
            if covers(topic, message.topic):
                self._schedule_send(client, handler, message.for_subscription(subscription), retain=True)

    def _schedule_send(
        self, client: ClientConnection, handler: BrokerProtocolHandler, message: Message, *, retain: bool
    ) -> None:
        """Send in a task of its own, so that a slow client delays no other."""
        self._tasks.create_task(
            self._send_counting_failures(client, handler, message, retain=retain),
            name=f"{message.topic} to {client.user}",
        )

    async def _send_counting_failures(
        self, client: ClientConnection, handler: BrokerProtocolHandler, message: Message, *, retain: bool
    ) -> None:
        try:
            await self._send(client, handler, message, retain=retain)
        except CLIENT_ERRORS:
            self._refusals.record(client.user, RefusalKind.UNREAD, message.topic)
        except Exception:  # an error for one client must not end the others
            _log.exception("a message to %s was lost by an error", client.user)

    async def _send(
        self, client: ClientConnection, handler: BrokerProtocolHandler, message: Message, *, retain: bool
    ) -> None:
        """Send one message within the Receive Maximum; disconnect a client with too much unacknowledged."""
        maximum = client.receive_maximum
        if not maximum or not message.qos:
            await _publish(client, handler, message, retain=retain)
        elif maximum.unacknowledged_bytes > MAX_UNREAD_BYTES or maximum.unacknowledged >= MAX_UNREAD_MESSAGES:
            self._disconnect_slow_client(client)
        else:
            async with maximum.slot(len(message.data)):
                await self._publish_in_time(client, handler, message, retain=retain)

    async def _publish_in_time(
        self, client: ClientConnection, handler: BrokerProtocolHandler, message: Message, *, retain: bool
    ) -> None:
        """Publish, and disconnect a client that does not acknowledge in time, as its slot would stay taken."""
        try:
            await _publish(client, handler, message, retain=retain)
        except TimeoutError:
            self._disconnect_slow_client(client)

    def _disconnect_slow_client(self, client: ClientConnection) -> None:
        self._refusals.record(client.user, RefusalKind.UNREAD, "disconnected")
        client.disconnect(ReasonCode.QUOTA_EXCEEDED)


async def _publish(client: ClientConnection, handler: BrokerProtocolHandler, message: Message, *, retain: bool) -> None:
    data = properties.with_remaining_expiry(message.data, _now() - message.at)
    if data is not None and client.accepts_size(publish_size(message.topic, data, message.qos)):
        await handler.mqtt_publish(message.topic, data, message.qos, retain=retain)


def _now() -> float:
    return asyncio.get_running_loop().time()


def quiet_amqtt_logs() -> None:
    """Limit amqtt's log to its own errors, without those of clients and without its progress."""
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.WARNING)
    logging.getLogger("amqtt.broker").addFilter(_is_server_error)


def _is_server_error(record: logging.LogRecord) -> bool:
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, CLIENT_ERRORS)
