"""Properties of a message: how they age, how many can be read. (Read whole, cut short, wrong: test_mqtt5.)"""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes

from presslight.broker.embedded import properties
from tests.broker.paho_packets import ABOUT_A_MESSAGE, Properties, of_paho, whole


@given(whole, st.integers(0, 2**33), st.fixed_dictionaries({}, optional=ABOUT_A_MESSAGE), st.binary(max_size=20))
def test_expiry_comes_nearer_by_the_time_waited(expiry: int, waited: int, about: Any, payload: bytes) -> None:
    made = of_paho(PacketTypes.PUBLISH, about | {"MessageExpiryInterval": expiry})
    aged = properties.with_remaining_expiry(made.pack() + payload, waited)
    if waited and waited >= expiry:
        assert aged is None
    else:
        assert aged is not None
        assert properties.payload_of(aged) == payload
        found = Properties(PacketTypes.PUBLISH)
        found.unpack(aged)
        wanted = of_paho(PacketTypes.PUBLISH, about | {"MessageExpiryInterval": expiry - waited})
        assert found.json() == wanted.json()


@given(st.fixed_dictionaries({}, optional={k: v for k, v in ABOUT_A_MESSAGE.items() if k != "MessageExpiryInterval"}))
def test_message_without_expiry_does_not_age(about: Any) -> None:
    sent = of_paho(PacketTypes.PUBLISH, about).pack() + b"on"
    assert properties.with_remaining_expiry(sent, 1e9) is sent


@given(st.fixed_dictionaries({}, optional=ABOUT_A_MESSAGE), st.integers(1, 2**28 - 1), st.binary(max_size=20))
def test_identifier_of_a_subscription_stands_beside_what_was_there(about: Any, identifier: int, payload: bytes) -> None:
    sent = of_paho(PacketTypes.PUBLISH, about).pack() + payload
    told = properties.with_subscription_identifier(sent, identifier)
    found = Properties(PacketTypes.PUBLISH)
    found.unpack(told)
    assert found.json() == of_paho(PacketTypes.PUBLISH, about).json() | {"SubscriptionIdentifier": [identifier]}
    assert properties.payload_of(told) == payload


def test_thousands_of_properties_are_read_in_one_pass() -> None:
    about = b"\xc0\x3e" + b"\x26\x00\x00\x00\x00" * 1_600
    found, end = properties.read(about, 0, properties.OF_PUBLISH)
    assert (set(found), end) == ({properties.Property.USER_PROPERTY}, len(about))
    assert properties.payload_of(about + b"on") == b"on"
