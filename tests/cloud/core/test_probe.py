"""A knock makes a light report and does nothing else, whatever the light is. Judged by the model light's own rules."""

from presslight.cloud.core import probe
from presslight.cloud.core.probe import KEY
from presslight.contract.light import LightWish
from presslight.contract.mqtt import decode_set
from presslight.contract.words import split_key
from tests.cloud.model_light import ModelLight
from tests.cloud.ports import report


def test_knock_is_a_press_for_a_boot_that_never_was() -> None:
    command = decode_set(probe.message(report(), KEY))
    assert command.key == probe.KEY
    assert split_key(probe.KEY) == ("0" * 16, 1)
    assert command.not_after is not None
    assert (command.not_after.boot, command.not_after.up) == ("00000000", 0)


def test_knock_says_what_the_light_is_so_that_one_without_keys_stays_so() -> None:
    command = decode_set(probe.message(report(state="OFF", brightness=7), KEY))
    assert (command.state, command.brightness) == ("OFF", 7)


def test_light_answers_a_knock_and_does_nothing() -> None:
    light = ModelLight()
    light.change(LightWish(state="ON", brightness=90))
    known = report(state="OFF", brightness=1)  # what the broker had kept may be old
    light.receive(decode_set(probe.message(known, KEY)), 1_000)
    assert (light.state, light.brightness, light.version, light.acted) == ("ON", 90, (1, 1), [])
    assert light.decisions[probe.KEY].outcome == "rebooted"
