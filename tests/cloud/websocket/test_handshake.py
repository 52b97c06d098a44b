from typing import Any

import pytest

from presslight.cloud.core.principal import Principal
from presslight.cloud.errors import Refusal
from presslight.cloud.websocket.handshake import principal_of, welcome
from presslight.contract.errors import ErrorCode
from presslight.contract.phone import MAX_FRAME_BYTES, MAX_HAVE, MAX_LIGHTS, Have, Hello, Welcome
from presslight.contract.phone_codec import encode
from tests.cloud.ports import MS, S
from tests.cloud.websocket.test_session import SessionPorts

ANN = Principal("ann")


def hello(**more: Any) -> Hello:
    return Hello(type="hello", versions=more.pop("versions", (1,)), token=more.pop("token", "good"), **more)


def greeted(ports: SessionPorts, **have: Have) -> Welcome:
    return welcome(hello(have=have), ANN, ports, ports.harness.now)


@pytest.fixture
def ports() -> SessionPorts:
    return SessionPorts()


def test_known_token_is_its_phone(ports: SessionPorts) -> None:
    assert principal_of(hello(), ports, None) == ANN
    assert principal_of(hello(versions=(9, 1)), ports, None) == ANN


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"token": "bad"}, ErrorCode.UNAUTHENTICATED),
        ({"versions": (0, 2)}, ErrorCode.UNSUPPORTED_VERSION),
        ({"versions": (2,), "token": "bad"}, ErrorCode.UNSUPPORTED_VERSION),
    ],
)
def test_stranger_is_refused(ports: SessionPorts, wrong: dict[str, Any], code: ErrorCode) -> None:
    with pytest.raises(Refusal) as refused:
        principal_of(hello(**wrong), ports, "192.0.2.7")
    assert refused.value.code is code
    assert ports.strangers == (["192.0.2.7"] if code is ErrorCode.UNAUTHENTICATED else [])


def test_fresh_phone_is_told_every_light_and_no_clock_beside(ports: SessionPorts) -> None:
    ports.harness.report(light="hall")
    told = greeted(ports)
    assert [view.id for view in told.lights] == ["kitchen", "hall"]
    assert told.clocks == ()


def test_returning_phone_is_told_what_is_newer_and_the_clocks_of_the_rest(ports: SessionPorts) -> None:
    ports.harness.report(light="hall", version=(1, 3))
    ports.harness.now += 60 * S
    told = greeted(ports, kitchen=Have(version=(1, 0), online=True), hall=Have(version=(1, 2), online=True))
    assert [view.id for view in told.lights] == ["hall"]
    (clock,) = told.clocks
    assert (clock.id, clock.boot) == ("kitchen", "00000001")
    assert (clock.up, clock.age_ms) == (ports.presses.lights.by_name["kitchen"].bound.at(ports.harness.now), 60_000)


def test_phone_that_shows_another_presence_is_told_the_whole_light(ports: SessionPorts) -> None:
    told = greeted(ports, kitchen=Have(version=(1, 0), online=False))
    assert ([view.id for view in told.lights], told.clocks) == (["kitchen"], ())


def test_light_that_the_house_does_not_know_is_passed_over(ports: SessionPorts) -> None:
    told = greeted(ports, kitchen=Have(version=(1, 0), online=True), attic=Have(version=(9, 9), online=True))
    assert told.lights == ()
    assert [clock.id for clock in told.clocks] == ["kitchen"]


def test_largest_house_is_told_in_one_welcome(ports: SessionPorts) -> None:
    for number in range(MAX_LIGHTS - 1):
        ports.harness.report(light=f"light-{number}", up=2**40)
    ports.harness.now += 5 * MS
    told = greeted(ports)
    assert len(told.lights) == MAX_LIGHTS
    assert len(encode(told)) < 64 * MAX_FRAME_BYTES  # what phones take, 1 MB


def test_hello_may_name_so_many_lights_and_no_more() -> None:
    lights = {f"light-{number}": Have(version=(1, 1), online=True) for number in range(MAX_HAVE + 1)}
    with pytest.raises(ValueError, match="at most 150"):
        hello(have=lights)


def test_welcome_tells_of_forgotten_lights(ports: SessionPorts) -> None:
    shown = Have(version=(1, 0), online=True)
    assert greeted(ports, kitchen=shown).gone == ()
    ports.presses.forget("kitchen", ports.harness.now)
    assert greeted(ports, kitchen=shown).gone == ("kitchen",)
