"""Packets as paho writes them, and packets cut by hand, for the tests of the embedded broker's pure modules."""

from types import SimpleNamespace
from typing import Any

import paho.mqtt.properties
from hypothesis import strategies as st
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from presslight.broker.embedded.mqtt3 import Mqtt3Codec
from presslight.broker.embedded.packet import Packet, PacketDecoder
from tests.broker.clients import packet, text

words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
topics = words.filter(lambda topic: topic and not set(topic) & set("+#") and not topic.startswith("$"))
pairs = st.lists(st.tuples(words, words), max_size=3)
whole = st.integers(0, 2**32 - 1)
ABOUT_A_MESSAGE: dict[str, st.SearchStrategy[Any]] = {
    "PayloadFormatIndicator": st.integers(0, 1),
    "MessageExpiryInterval": whole,
    "ContentType": words,
    "ResponseTopic": topics,
    "CorrelationData": st.binary(max_size=12),
    "UserProperty": pairs,
}
ABOUT_A_CONNECTION: dict[str, st.SearchStrategy[Any]] = {
    "SessionExpiryInterval": whole,
    "ReceiveMaximum": st.integers(1, 65_535),
    "MaximumPacketSize": st.integers(1, 2**28 - 1),
    "TopicAliasMaximum": st.integers(0, 65_535),
    "RequestResponseInformation": st.integers(0, 1),
    "RequestProblemInformation": st.integers(0, 1),
    "UserProperty": pairs,
}


Properties: Any = paho.mqtt.properties.Properties  # it has no types


class Recorder(Paho):
    """Paho, whose packets are kept and not sent."""

    def __init__(self) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id="kitchen", protocol=MQTTv5)
        self._sock: Any = SimpleNamespace(close=lambda: None)
        self.written = b""

    def _packet_queue(self, command: int, packet: bytes | bytearray, *_: Any) -> Any:
        self.written += packet
        return 0


def of_paho(kind: int, values: dict[str, Any]) -> Any:
    made = Properties(kind)
    for name, value in values.items():
        if value != []:
            setattr(made, name, value)
    return made


def cut_3(stream: bytes) -> list[Packet]:
    frames, found = PacketDecoder(Mqtt3Codec().check_packet), []
    frames.feed(stream)
    while packet := frames.next_packet():
        found.append(packet)
    return found


def cut_unchecked(stream: bytes) -> Packet:
    frames = PacketDecoder()
    frames.feed(stream)
    found = frames.next_packet()
    assert found
    assert found.raw == stream
    return found


def hello(*fields: bytes, flags: int = 0xC2, about: bytes = b"\x00") -> bytes:
    return packet(0x10, text("MQTT"), b"\x05", bytes([flags]), b"\x00\x04", about, *fields)
