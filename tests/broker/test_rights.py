"""Who may do what, asked of both brokers: the same tests, the same answers."""

import aiomqtt
import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.broker.mosquitto import Mosquitto
from presslight.broker.refusals import STRANGER, RefusalKind
from presslight.contract.topics import RULES, Action, Role, may
from tests.broker.clients import Client, packet, publish_packet, text
from tests.broker.conftest import Broker, Connect, Heard, OpenWire

STATES = "presslight/light/+/state"
ACCEPTED = b"\x20\x02\x00\x00"
NOT_AUTHORISED = b"\x20\x02\x00\x05"


def of(light: str, leaf: str) -> str:
    return f"presslight/light/{light}/{leaf}"


@pytest.mark.parametrize(("user", "password"), [("kitchen", "wrong"), ("kitchen", ""), ("attic", "x"), (None, None)])
async def test_sign_in_with_wrong_credentials_is_refused(
    broker: Broker, heard: Heard, user: str | None, password: str | None
) -> None:
    client = Client(broker.address)
    client._client.username_pw_set(user, password)
    with pytest.raises(aiomqtt.MqttError):
        async with client:
            pass
    await heard.until("refused sign in")
    assert broker.refusals.counts[STRANGER, RefusalKind.SIGN_IN] == 1


async def test_light_that_publishes_as_another_reaches_nobody(broker: Broker, connect: Connect, heard: Heard) -> None:
    async with connect("bridge") as bridge, connect("kitchen") as kitchen:
        await bridge.subscribe(STATES, qos=1)
        await kitchen.publish(of("hall", "state"), b"forged", qos=1)
        await kitchen.publish(of("kitchen", "state"), b"own", qos=1)
        assert await bridge.heard() == (of("kitchen", "state"), b"own")
    assert of("hall", "state") in await heard.until("refused publish to kitchen")
    assert broker.refusals.counts["kitchen", RefusalKind.PUBLISH] == 1


@pytest.mark.parametrize(
    "wanted",
    [
        "#",
        "+/+/+/+",
        "presslight/#",
        "presslight/light/+/set",
        "presslight/light/hall/set",
        "presslight/light/hall/state",
        "presslight/light/kitchen/state",
        "presslight/light/kitchen/#",
        "presslight/bridge/bridge/canary",
        "$SYS/#",
        "$share/group/presslight/light/+/set",
    ],
)
async def test_light_hears_nothing_but_its_own_set_topic(connect: Connect, wanted: str) -> None:
    async with connect("bridge") as bridge, connect("kitchen") as kitchen, connect("hall") as hall:
        await kitchen.subscribe(wanted, qos=1)
        await bridge.subscribe(STATES, qos=1)
        await bridge.subscribe("presslight/bridge/bridge/canary", qos=1)
        await kitchen.subscribe(of("kitchen", "set"), qos=1)
        await kitchen.publish(of("kitchen", "state"), b"mine", qos=1)
        await hall.publish(of("hall", "state"), b"theirs", qos=1, retain=True)
        await bridge.publish(of("hall", "set"), b"for the hall", qos=1)
        await bridge.publish("presslight/bridge/bridge/canary", b"sings", qos=1)
        assert {await bridge.heard() for _ in range(3)} == {
            (of("kitchen", "state"), b"mine"),
            (of("hall", "state"), b"theirs"),
            ("presslight/bridge/bridge/canary", b"sings"),
        }
        await bridge.publish(of("kitchen", "set"), b"for the kitchen", qos=1)
        assert await kitchen.heard() == (of("kitchen", "set"), b"for the kitchen")


async def test_bridge_empties_what_is_kept_of_a_light_and_writes_nowhere_else(
    broker: Broker, connect: Connect, heard: Heard
) -> None:
    kept = (of("kitchen", "state"), of("kitchen", "availability"), "homeassistant/device/kitchen/config")
    async with connect("bridge") as bridge, connect("homeassistant") as assistant, connect("kitchen") as kitchen:
        for topic in kept:
            await kitchen.publish(topic, b"kept", qos=1, retain=True)
            await assistant.subscribe(topic, qos=1)
            assert await assistant.heard() == (topic, b"kept")
            await bridge.publish(topic, b"", qos=1, retain=True)
            assert await assistant.heard() == (topic, b"")
            await assistant.unsubscribe(topic)
            await assistant.subscribe(topic, qos=1)
        await bridge.publish("homeassistant/status", b"forged", qos=1)
        await bridge.publish("presslight/bridge/bridge-watch/canary", b"forged", qos=1)
        await kitchen.publish(kept[0], b"own", qos=1)
        assert await assistant.heard() == (kept[0], b"own")  # nothing was kept in between
    await heard.until("refused publish")


@pytest.mark.parametrize("version", [aiomqtt.ProtocolVersion.V311, aiomqtt.ProtocolVersion.V5])
async def test_bridge_cannot_speak_for_a_light_at_the_embedded_broker(
    embedded: EmbeddedBroker, accounts: Accounts, version: aiomqtt.ProtocolVersion
) -> None:
    kept = (of("kitchen", "announced"), "homeassistant/device/kitchen/config", of("kitchen", "state"))
    bridge, kitchen, assistant = (
        Client(embedded.address.signed_in_as(user, accounts.password(user)), protocol=version)
        for user in ("bridge", "kitchen", "homeassistant")
    )
    async with bridge, kitchen, assistant:
        for topic in kept[1:]:
            await assistant.subscribe(topic, qos=1)
        await kitchen.subscribe(kept[0], qos=1)
        for topic in kept:
            hearer = kitchen if topic == kept[0] else assistant
            await kitchen.publish(topic, b"own", qos=1, retain=True)
            assert await hearer.heard() == (topic, b"own")
            for qos in (0, 1):
                for retain in (False, True):
                    await bridge.publish(topic, b"forged", qos=qos, retain=retain)
            await bridge.publish(topic, b"", qos=1, retain=True)
            assert await hearer.heard() == (topic, b"")
    assert embedded.refusals.counts == {("bridge", RefusalKind.PUBLISH): 4 * len(kept)}


async def test_bridge_hears_its_own_canary_and_no_other(connect: Connect) -> None:
    async with connect("bridge") as bridge, connect("bridge-watch") as watch:
        for client in (bridge, watch):
            await client.subscribe("presslight/bridge/bridge/canary", qos=1)
        await watch.subscribe("presslight/bridge/bridge-watch/canary", qos=1)
        await bridge.publish("presslight/bridge/bridge/canary", b"one", qos=1)
        await watch.publish("presslight/bridge/bridge-watch/canary", b"two", qos=1)
        assert (await bridge.heard())[1] == b"one"
        assert (await watch.heard())[1] == b"two"


async def test_home_assistant_reads_what_lights_say_and_sets_them(connect: Connect) -> None:
    async with connect("homeassistant") as assistant, connect("kitchen") as kitchen:
        await kitchen.subscribe(of("kitchen", "set"), qos=1)
        for wanted in (STATES, "presslight/light/+/availability", "homeassistant/device/+/config"):
            await assistant.subscribe(wanted, qos=1)
        for topic in (of("kitchen", "state"), of("kitchen", "availability"), "homeassistant/device/kitchen/config"):
            await kitchen.publish(topic, topic.encode(), qos=1, retain=True)
            assert await assistant.heard() == (topic, topic.encode())
        await assistant.publish(of("kitchen", "set"), b"ON", qos=1)
        assert await kitchen.heard() == (of("kitchen", "set"), b"ON")


@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize("qos", [0, 1])
async def test_home_assistant_signs_in_with_its_will_and_says_that_it_is_there(
    broker: Broker, connect: Connect, heard: Heard, qos: int, retain: bool
) -> None:
    status = "homeassistant/status"
    will = aiomqtt.Will(status, b"offline", qos=qos, retain=retain)
    async with connect("homeassistant", will=will) as assistant:
        await assistant.publish(status, b"online", qos=qos, retain=retain)
        await assistant.publish("nobody/may", b"x", qos=1)
        await heard.until("nobody/may")
    assert broker.refusals.counts == {("homeassistant", RefusalKind.PUBLISH): 1}


async def test_device_deleted_in_home_assistant_stays_deleted(connect: Connect) -> None:
    async with connect("kitchen") as kitchen, connect("hall") as hall:
        for name, light in (("kitchen", kitchen), ("hall", hall)):
            await light.publish(f"homeassistant/device/{name}/config", b"{}", qos=1, retain=True)
    async with connect("homeassistant") as assistant:
        await assistant.publish("homeassistant/device/kitchen/config", b"", qos=1, retain=True)
    async with connect("homeassistant") as assistant:
        await assistant.subscribe("homeassistant/device/+/config", qos=1)
        assert await assistant.heard() == ("homeassistant/device/hall/config", b"{}")


async def test_home_assistant_lives_on_with_filters_that_it_has_no_right_to(wire: OpenWire, connect: Connect) -> None:
    asked = ["homeassistant/+/+/config", "homeassistant/light/+/+/config", "tasmota/discovery/#", "$SYS/#"]
    wanted = "homeassistant/device/+/config"
    async with wire("homeassistant") as assistant, connect("kitchen") as kitchen:
        assistant.send(packet(0x82, b"\x00\x01", *(text(topic) + b"\x00" for topic in [*asked, wanted])))
        acknowledged = await assistant.read(4 + len(asked) + 1)
        assert (acknowledged[:4], acknowledged[-1]) == (b"\x90\x07\x00\x01", 0)
        await kitchen.publish("homeassistant/device/kitchen/config", b"{}", qos=1)
        assert await assistant.read(2 + 2 + len("homeassistant/device/kitchen/config") + 2)
        assistant.send(b"\xc0\x00")
        assert await assistant.read(2) == b"\xd0\x00"


async def test_every_user_may_write_what_the_contract_says(
    broker: Broker, connect: Connect, accounts: Accounts, heard: Heard
) -> None:
    owners = {Role.LIGHT: ("kitchen", "hall"), Role.BRIDGE: ("bridge", "bridge-watch"), Role.HOME_ASSISTANT: ("hall",)}
    topics = {rule.topic.format(user=user).replace("+", "hall") for rule in RULES for user in owners[rule.role]}
    for user in accounts.users:
        async with connect(user) as client:
            for topic in sorted(topics):
                await client.publish(topic, b"x", qos=1)
            await client.publish("nobody/may", b"x", qos=1)
        action: Action = "empty" if isinstance(broker, Mosquitto) else "write"  # it does not look at payloads
        wanted = 1 + sum(not may(user, action, topic) for topic in topics)
        await heard.until(f"refused publish to {user}")
        while broker.refusals.counts[user, RefusalKind.PUBLISH] < wanted:
            await heard.until("Denied PUBLISH")
        assert broker.refusals.counts[user, RefusalKind.PUBLISH] == wanted


async def test_will_on_own_topic_is_published_when_the_light_is_lost(connect: Connect, wire: OpenWire) -> None:
    topic = of("kitchen", "availability")
    async with connect("bridge") as bridge:
        await bridge.subscribe("presslight/light/+/availability", qos=1)
        async with wire("kitchen", will=(topic, b"offline")) as kitchen:
            kitchen.send(publish_packet(topic, b"online", 1))
            assert await bridge.heard() == (topic, b"online")
            kitchen.cut()
            assert await bridge.heard() == (topic, b"offline")


async def test_will_on_another_light_s_topic_is_never_published(
    broker: Broker, connect: Connect, wire: OpenWire
) -> None:
    async with connect("bridge") as bridge, connect("hall") as hall:
        await bridge.subscribe("presslight/light/+/availability", qos=1)
        async with wire("kitchen", will=(of("hall", "availability"), b"offline")) as kitchen:
            # Mosquitto lets it in and forgets the will, the embedded broker refuses it.
            assert kitchen.answer == (ACCEPTED if isinstance(broker, Mosquitto) else NOT_AUTHORISED)
        async with wire("kitchen", will=(of("kitchen", "availability"), b"offline")) as kitchen:
            assert kitchen.answer == ACCEPTED
        assert await bridge.heard() == (of("kitchen", "availability"), b"offline")
        await hall.publish(of("hall", "availability"), b"online", qos=1)
        assert await bridge.heard() == (of("hall", "availability"), b"online")


@pytest.mark.parametrize("signs_in_as", ["hall", "nobody"])
async def test_client_id_of_another_light_does_not_disturb_it(
    connect: Connect, wire: OpenWire, signs_in_as: str
) -> None:
    async with connect("bridge") as bridge, connect("kitchen", identifier="kitchen") as kitchen:
        await kitchen.subscribe(of("kitchen", "set"), qos=1)
        async with wire(signs_in_as, client_id="kitchen"):
            await bridge.publish(of("kitchen", "set"), b"still there", qos=1)
            assert await kitchen.heard() == (of("kitchen", "set"), b"still there")
