"""What hypothesis draws for the contract: its words, its messages, and messages that somebody damaged."""

from hypothesis import strategies as st

from presslight.contract.errors import ErrorCode
from presslight.contract.mqtt import Cause, Decision, Dropped, Report, SetCommand
from presslight.contract.phone import (
    BrokerStatus,
    Change,
    Clock,
    Have,
    Hello,
    Legs,
    LightChanged,
    Limits,
    Ping,
    Pong,
    Press,
    PressBody,
    PressOutcome,
    Problem,
    Shown,
    View,
    Welcome,
    Wish,
)
from presslight.contract.sample import Kind, samples
from presslight.contract.words import MAX_SMALL, MAX_UP_MS, RESERVED_LIGHTS, Moment, Outcome, PressStatus

counters = st.integers(0, MAX_SMALL)
versions = st.tuples(counters, counters)
origins = st.integers(0, 2**64 - 1).map("{:016x}".format)
keys = st.builds("{}-{}".format, origins, st.integers(1, MAX_SMALL))
boots = st.integers(0, 2**32 - 1).map("{:08x}".format)
ups = st.integers(0, MAX_UP_MS)
moments = st.builds(Moment, boot=boots, up=ups)
powers = st.sampled_from(["ON", "OFF"])
brightnesses = st.integers(1, 255)
lights = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,31}", fullmatch=True).filter(
    lambda name: name not in RESERVED_LIGHTS and not name.startswith("bridge-")
)

states = {"state": powers, "brightness": brightnesses}
"""Of each attribute of a light, what it can be."""
wanted = {"state": powers} | {name: st.none() | values for name, values in states.items() if name != "state"}
"""Of each attribute of a light, what can be wished for."""
wishes = st.builds(Wish, **wanted)

bare_commands = st.builds(SetCommand, **wanted, v=st.sampled_from([None, 1]))
keyed_commands = st.builds(
    SetCommand,
    **wanted,
    v=st.sampled_from([None, 1]),
    key=keys,
    not_after=moments,
    if_ver=st.none() | versions,
)
commands = bare_commands | keyed_commands

decisions = st.builds(Decision, key=keys, outcome=st.sampled_from(Outcome), version=versions, us=counters)
causes = st.builds(Cause, by=st.sampled_from(["press", "button", "command", "start"]), key=st.none() | keys, up=ups)
reports = st.builds(
    Report,
    **states,
    boot=boots,
    up=ups,
    version=versions,
    cause=st.none() | causes,
    decided=counters,
    outcomes=st.lists(decisions, max_size=8).map(tuple),
    heap=counters,
    dropped=st.builds(Dropped, retained=counters, malformed=counters, invalid=counters, too_large=counters),
    date=st.sampled_from([None, "flashed", "kept", "network"]),
)

milliseconds = st.integers(0, 3_600_000)
patiences = st.integers(100, 10_000)
short_texts = st.text(max_size=64)

phone_frames = st.one_of(
    st.builds(
        Hello,
        type=st.just("hello"),
        versions=st.lists(counters, min_size=1, max_size=16).map(tuple),
        token=st.text(min_size=1, max_size=256),
        client=short_texts,
        have=st.dictionaries(lights, st.builds(Have, version=versions, online=st.booleans()), max_size=4),
    ),
    st.builds(
        Press,
        type=st.just("press"),
        key=keys,
        light=lights,
        set=wishes,
        if_ver=st.none() | versions,
        not_after=st.none() | moments,
        patience_ms=patiences,
        age_ms=milliseconds,
    ),
    st.builds(Shown, type=st.just("shown"), key=keys, ms=milliseconds),
    st.builds(Ping, n=counters),
    st.builds(Pong, n=counters),
)
ages = st.integers(min_value=0, max_value=2**60)
changes = st.builds(
    Change, by=st.sampled_from(["phone", "button", "command", "start"]), phone=st.none() | short_texts, age_ms=ages
)
views = st.builds(
    View,
    id=lights,
    online=st.booleans(),
    **states,
    traits=st.sampled_from([(), ("on_off",), ("brightness",)]),
    version=versions,
    boot=boots,
    up=ups,
    age_ms=ages,
    change=st.none() | changes,
)
bridge_frames = st.one_of(
    st.builds(
        Welcome,
        bridge=short_texts,
        phone=short_texts,
        ping_ms=counters,
        limits=st.builds(Limits, presses_per_s=counters, burst=counters),
        broker=st.booleans(),
        lights=st.lists(views, max_size=3).map(tuple),
        clocks=st.lists(st.builds(Clock, id=lights, boot=boots, up=ups, age_ms=counters), max_size=3).map(tuple),
    ),
    st.builds(LightChanged, light=views),
    st.builds(BrokerStatus, connected=st.booleans()),
    st.builds(
        PressOutcome,
        key=keys,
        light=lights,
        status=st.sampled_from(PressStatus),
        final=st.booleans(),
        version=st.none() | versions,
        legs=st.none() | st.builds(Legs, bridge_us=counters, ack_us=st.none() | counters, light_us=counters),
    ),
    st.builds(
        Problem, code=st.sampled_from(ErrorCode), message=short_texts, retry=st.booleans(), key=st.none() | short_texts
    ),
    st.builds(Ping, n=counters),
    st.builds(Pong, n=counters),
)
press_bodies = st.builds(
    PressBody,
    **wanted,
    if_ver=st.none() | versions,
    not_after=st.none() | moments,
    patience_ms=patiences,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)

unknown_names = st.text(max_size=8).filter(lambda name: name not in SetCommand.model_fields)


@st.composite
def damaged(draw: st.DrawFn, kind: Kind) -> bytes:
    """An example with a few bytes cut out, put in or replaced, possibly by a piece of another example."""
    payloads = st.sampled_from([sample.payload for sample in samples(kind) if len(sample.payload) < 4_096])
    payload = draw(payloads)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(payload)))
        end = draw(st.integers(start, min(len(payload), start + 8)))
        piece = draw(st.binary(max_size=4) | st.sampled_from([b"{", b"[", b'"', b",", b":", b"NaN", b"1e400", b"\\"]))
        other = draw(payloads)
        payload = payload[:start] + draw(st.sampled_from([piece, b"", other[end:]])) + payload[end:]
    return payload
