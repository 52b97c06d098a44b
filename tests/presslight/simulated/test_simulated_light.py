"""A simulated light: the real firmware on the real MicroPython, with a real Mosquitto where a link is needed."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias

import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.mosquitto import Mosquitto
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import Invalid
from presslight.micropython import MicropythonMissing
from presslight.simulated import child_process, simulated_light
from presslight.simulated.light_output import LightOutput
from presslight.simulated.power import Power
from presslight.simulated.simulated_light import (
    SimulatedLight,
    SimulatedLightDied,
    SimulatedLightNotStarted,
    SimulatedLightOff,
)

WAIT_S = 20
NOWHERE = BrokerAddress(host="127.0.0.1", port=9)
Firmware: TypeAlias = Callable[[str], None]


@pytest.fixture
async def broker() -> AsyncIterator[BrokerAddress]:
    """A Mosquitto, and the kitchen light's account there."""
    accounts = Accounts.make(["kitchen"])
    async with Mosquitto(accounts) as mosquitto:
        yield mosquitto.address.signed_in_as("kitchen", accounts.password("kitchen"))


@pytest.fixture
def firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Firmware:
    """Put other firmware into the light: for what the real one never does."""

    def replace(text: str) -> None:
        script = tmp_path / "main.py"
        script.write_text(dedent(text))
        monkeypatch.setattr(simulated_light, "MAIN", script)

    return replace


async def seen(light: SimulatedLight, condition: Callable[[LightOutput], bool]) -> LightOutput:
    async with asyncio.timeout(WAIT_S):
        return await light.until(condition)


def is_on(output: LightOutput) -> bool:
    return output.duty > 0


def is_off(output: LightOutput) -> bool:
    return output.duty == 0


def has_booted(output: LightOutput) -> bool:
    """The light has looked for its broker, so it looks at its button, too."""
    return output.log.startswith("link lost")


def is_linked(output: LightOutput) -> bool:
    return output.link == "up"


def gone(pid: int) -> bool:
    """Wait until a process, not one of ours, has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], WAIT_S)[0])
    finally:
        os.close(handle)


# What a person does with it.


async def test_button_switches_the_light_with_no_network_at_all(tmp_path: Path) -> None:
    async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
        await seen(light, has_booted)
        light.set_wifi(False)
        light.press_button()
        on = await seen(light, is_on)
        light.press_button()
        off = await seen(light, is_off)
    assert (on.link, off.link) == ("down", "down")
    assert on.us < off.us


async def test_light_finds_its_broker(broker: BrokerAddress, tmp_path: Path) -> None:
    async with SimulatedLight("kitchen", broker, tmp_path) as light:
        await seen(light, is_linked)
        assert light.resident_bytes() <= 5 * 2**20


async def test_light_notices_that_wifi_is_away_and_finds_its_broker_again(
    broker: BrokerAddress, tmp_path: Path
) -> None:
    async with SimulatedLight("kitchen", broker, tmp_path) as light:
        linked = await seen(light, is_linked)
        light.set_wifi(False)
        light.press_button()
        await seen(light, lambda output: output.duty != linked.duty)
        await seen(light, lambda output: output.link == "down")
        light.set_wifi(True)
        await seen(light, is_linked)


async def test_light_shines_as_before_after_a_power_cut(tmp_path: Path) -> None:
    async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
        await seen(light, has_booted)
        light.press_button()
        on = await seen(light, is_on)
        await seen(light, lambda output: output.log.startswith("flash: kept on"))
        await light.power_cut()
        assert (light.power, light.output.duty, light.output.link) == (Power.OFF, 0, "down")
        await light.power_on()
        assert (await seen(light, is_on)).duty == on.duty


async def test_every_press_counts_however_fast_they_are_asked_for(tmp_path: Path) -> None:
    changes: dict[int, bool] = {}
    async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
        await seen(light, has_booted)
        light.add_watcher(lambda output: changes.setdefault(output.us, is_on(output)))
        for _ in range(3):
            light.press_button()
        await seen(light, lambda _: len(changes) == 3)
        assert list(changes.values()) == [True, False, True]


# Its flash.


async def test_settings_are_for_the_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "settings.json").touch(0o644)
    async with SimulatedLight("kitchen", NOWHERE.signed_in_as("kitchen", "geheim"), tmp_path):
        pass
    assert (tmp_path / "settings.json").stat().st_mode & 0o777 == 0o600
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert settings["name"] == settings["user"] == "kitchen"
    assert (settings["host"], settings["port"], settings["password"]) == ("127.0.0.1", 9, "geheim")


async def test_certificate_goes_to_its_flash(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("a certificate")
    address = BrokerAddress(host="127.0.0.1", port=9, tls=True, ca_file=str(tmp_path / "ca.crt"))
    async with SimulatedLight("kitchen", address, tmp_path / "flash"):
        pass
    settings = json.loads((tmp_path / "flash" / "settings.json").read_text())
    assert (tmp_path / "flash" / settings["ca"]).read_text() == "a certificate"


# How it ends, and how it dies.


async def test_light_that_resets_itself_boots_again(firmware: Firmware, tmp_path: Path) -> None:
    firmware("""
        import asyncio, channel, machine
        machine.PWM(machine.Pin(2), 4000, 9)
        channel.on("button down", machine.reset)
        asyncio.run(asyncio.Event().wait())
    """)
    async with SimulatedLight("kitchen", NOWHERE, tmp_path / "flash") as light:
        first = await seen(light, is_on)
        pid = light.pid
        light.button_down()
        again = await seen(light, lambda output: output.duty == 9 and output.us != first.us)
        assert again.us > first.us
        assert light.pid != pid


async def test_what_a_light_did_right_before_its_power_was_cut_is_seen(firmware: Firmware, tmp_path: Path) -> None:
    firmware("""
        import machine, sys
        sys.stdin.readline()
        machine.PWM(machine.Pin(2), 4000, 9)
        open("shone", "w").close()
        sys.stdin.readline()
    """)
    shone = tmp_path / "flash" / "shone"
    shown: list[LightOutput] = []
    async with SimulatedLight("kitchen", NOWHERE, shone.parent) as light:
        os.mkfifo(shone)
        light.add_watcher(shown.append)
        light.send_command("shine")
        shone.read_bytes()  # waits until it has shone, and lets nobody here look at it
        await light.power_cut()
        assert [output.duty for output in shown] == [9, 0]
        assert light.output == LightOutput()


async def test_light_that_fails_says_what_it_printed_last(firmware: Firmware, tmp_path: Path) -> None:
    firmware("print('about to fail')\nraise ValueError('no lamp')")
    with pytest.raises(SimulatedLightDied) as death:
        async with SimulatedLight("kitchen", NOWHERE, tmp_path / "flash") as light:
            await seen(light, is_on)
    assert death.value.code == "simulated_light_died"
    assert death.value.exit_code == 1
    assert death.value.last_lines[0] == "about to fail"
    assert death.value.last_lines[-1] == "ValueError: no lamp"
    assert "no lamp" in str(death.value)


async def test_light_that_died_unseen_is_told_at_the_end(tmp_path: Path) -> None:
    async def run() -> None:
        async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
            os.kill(light.pid, signal.SIGKILL)
            died = asyncio.Event()
            light.add_watcher(lambda _: died.set() if light.power is Power.DIED else None)
            async with asyncio.timeout(WAIT_S):
                await died.wait()

    with pytest.raises(SimulatedLightDied) as death:
        await run()
    assert death.value.exit_code == -signal.SIGKILL


async def test_light_that_died_can_be_powered_on_again(tmp_path: Path) -> None:
    async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
        os.kill(light.pid, signal.SIGKILL)
        with pytest.raises(SimulatedLightDied):
            await seen(light, lambda _: False)
        with pytest.raises(SimulatedLightDied):
            light.press_button()
        await light.power_on()
        await seen(light, has_booted)
        light.press_button()
        await seen(light, is_on)


async def test_light_without_power_has_no_button(tmp_path: Path) -> None:
    async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
        await light.power_cut()
        for act in (light.press_button, light.button_down, light.button_up, light.resident_bytes):
            with pytest.raises(SimulatedLightOff):
                act()
        with pytest.raises(SimulatedLightOff):
            await light.power_cut()


async def test_power_on_twice_is_one_light(tmp_path: Path) -> None:
    async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
        pid = light.pid
        await light.power_on()
        assert light.pid == pid


async def test_end_leaves_no_process(tmp_path: Path) -> None:
    async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
        pid = light.pid
    assert gone(pid)


async def test_end_of_an_error_of_ours_leaves_no_process_and_keeps_the_error(tmp_path: Path) -> None:
    pids = []

    async def run() -> None:
        async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
            pids.append(light.pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run()
    assert gone(pids[0])


async def test_cancellation_leaves_no_process(tmp_path: Path) -> None:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run() -> None:
        async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
            started.set_result(light.pid)
            await light.until(lambda _: False)

    task = asyncio.create_task(run())
    pid = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gone(pid)


async def test_light_that_hears_no_word_is_ended_by_signal(
    firmware: Firmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "QUIT_TIMEOUT_S", 0.01)
    firmware("print('busy')\nwhile True: pass")
    async with SimulatedLight("kitchen", NOWHERE, tmp_path / "flash") as light:
        await seen(light, lambda output: output.log == "busy")
        pid = light.pid
    assert gone(pid)


async def test_light_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    monkeypatch.setattr(child_process, "QUIT_TIMEOUT_S", 0.01)
    monkeypatch.setattr(simulated_light, "_micropython", lambda: [sys.executable, "-c", deaf])
    async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
        await seen(light, lambda output: output.log == "deaf")
        pid = light.pid
    assert gone(pid)


def test_light_ends_when_its_launcher_is_killed(tmp_path: Path) -> None:
    launcher = f"""
        import asyncio
        from pathlib import Path
        from presslight.contract.address import BrokerAddress
        from presslight.simulated.simulated_light import SimulatedLight
        async def main():
            nowhere = BrokerAddress(host="127.0.0.1", port=9)
            async with SimulatedLight("kitchen", nowhere, Path({str(tmp_path)!r})) as light:
                print(light.pid, flush=True)
                await asyncio.Event().wait()
        asyncio.run(main())
    """
    with subprocess.Popen([sys.executable, "-c", dedent(launcher)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
    assert gone(pid)


# What can be wrong before it starts.


async def test_folder_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SimulatedLightNotStarted, match=r"kitchen cannot start: .*file"):
        async with SimulatedLight("kitchen", NOWHERE, tmp_path / "file" / "flash"):
            pass


async def test_missing_micropython_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSLIGHT_MICROPYTHON", "/nowhere/micropython")
    simulated_light._micropython.cache_clear()
    with pytest.raises(MicropythonMissing):
        async with SimulatedLight("kitchen", NOWHERE, tmp_path):
            pass


async def test_micropython_that_is_gone_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated_light, "_micropython", lambda: ["/nowhere/micropython"])
    with pytest.raises(SimulatedLightNotStarted):
        async with SimulatedLight("kitchen", NOWHERE, tmp_path):
            pass


@pytest.mark.parametrize("name", ["", "Kitchen", "a b", "a/b", "-a", "bridge", "x" * 33])
def test_name_that_no_light_can_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="a light's name"):
        SimulatedLight(name, NOWHERE, tmp_path)


@pytest.mark.parametrize("heap", ["", "0", "96q", "-1", "k", "96 k"])
def test_heap_that_is_no_size_is_refused(heap: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="heap"):
        SimulatedLight("kitchen", NOWHERE, tmp_path, heap)


@pytest.mark.parametrize("ca_file", [None, "/nowhere/ca.crt"])
def test_tls_without_a_certificate_to_trust_is_refused(ca_file: str | None, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="certificate"):
        SimulatedLight("kitchen", BrokerAddress(host="a", port=1, tls=True, ca_file=ca_file), tmp_path)


# What those who wait are told.


async def test_condition_that_fails_is_the_askers_own(tmp_path: Path) -> None:
    def fails(output: LightOutput) -> bool:
        if is_on(output):
            raise ZeroDivisionError
        return False

    async with SimulatedLight("kitchen", NOWHERE, tmp_path) as light:
        await seen(light, has_booted)
        light.press_button()
        with pytest.raises(ZeroDivisionError):
            await seen(light, fails)
        await seen(light, is_on)
