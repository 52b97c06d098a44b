"""A light whose loop stands still boots anew by itself, and one whose loop goes round does not."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from lamp import record
from presslight import stack
from presslight.broker.accounts import Accounts
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.contract.address import BrokerAddress
from presslight.micropython import Command
from presslight.simulated.light_output import LightOutput
from presslight.simulated.simulated_light import SimulatedLight
from presslight.stack import Stack
from tests.firmware.odd_main import written
from tests.firmware.watch import DIM
from tests.journey.conftest import House

NOWHERE = BrokerAddress(host="127.0.0.1", port=1)
WAIT_S = 30
HASTY = """
    from lamp import app
    app.HEARTBEAT_MS = 100
"""
ODD = """
    import asyncio
    async def odd(self, *_):
        {body}
    import lamp.session
    lamp.{method} = odd
"""
HANG = """
    import channel
    def hang():
        while True:
            pass
    channel.on("hang", hang)
"""


async def seen(light: SimulatedLight, condition: Callable[[LightOutput], bool]) -> LightOutput:
    async with asyncio.timeout(WAIT_S):
        return await light.until(condition)


async def test_light_in_an_endless_loop_boots_anew_with_its_state(
    micropython: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = written(tmp_path, HASTY + HANG, watchdog_ms=2_000)
    odd = partial(SimulatedLight, heap="256k", main=main)  # room for that program
    monkeypatch.setattr(stack, "SimulatedLight", odd)
    async with AsyncExitStack() as exits:
        parts = await exits.enter_async_context(Stack(broker="embedded", lights=["kitchen"], folder=tmp_path / "house"))
        house, light = House(parts, tmp_path, exits), parts.lights["kitchen"]
        phone = await house.phone()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(seen(light, lambda output: output.log == "flash: kept on 200"))
            await phone.press("kitchen", state="ON", brightness=200)
        epoch = phone.lights["kitchen"].version[0]
        light.send_command("hang")
        await seen(light, lambda output: output.log == "watchdog")
        await house.sees(phone, lambda shown: shown.online and shown.version[0] == epoch + 1)
        assert (phone.lights["kitchen"].state, phone.lights["kitchen"].brightness) == ("ON", 200)
        assert (await phone.press("kitchen", state="OFF")).status == "applied"


TASKS = [
    f"{end} {task}"
    for task in (
        "app.App._watch_button",
        "app.App._save",
        "app.App._beat",
        "session.Session.run",
        "session.Session._receive",
    )
    for end in ("hangs", "ends")
]


async def test_light_of_which_any_task_hangs_or_ends_boots_anew_and_shines_on(
    micropython: Command, tmp_path: Path
) -> None:
    """Each boots after the watchdog's time, with a broker there; a light whose tasks are well does not meanwhile."""
    names = [f"light{number}" for number in range(len(TASKS))]
    accounts = Accounts.make([*names, "well"])
    bitten: list[str] = []
    all_bitten = asyncio.Event()

    async def live(broker: EmbeddedBroker, name: str, program: str) -> None:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "record-1").write_bytes(record.encode(1, 7, (True, 100)))
        main = written(folder, HASTY + program, watchdog_ms=4_000)
        address = broker.address.signed_in_as(name, accounts.password(name))
        async with SimulatedLight(name, address, folder, heap="256k", main=main) as light:
            duties: list[int] = []
            light.add_watcher(lambda output: duties.append(output.duty) if output.us else None)
            if name == "well":
                pid = light.pid
                async with asyncio.timeout(WAIT_S):
                    await all_bitten.wait()
                assert (light.pid, light.output.link) == (pid, "up")
            else:
                await seen(light, lambda output: output.log == "watchdog")
                await seen(light, lambda output: output.duty == DIM)
                bitten.append(name)
                if len(bitten) == len(names):
                    all_bitten.set()
            assert set(duties) == {DIM}

    async with EmbeddedBroker(accounts) as broker, asyncio.TaskGroup() as tasks:
        tasks.create_task(live(broker, "well", ""))
        for name, task in zip(names, TASKS, strict=True):
            end, _, method = task.partition(" ")
            body = "await asyncio.Event().wait()" if end == "hangs" else "pass"
            tasks.create_task(live(broker, name, ODD.format(method=method, body=body)))


async def test_light_that_only_waits_is_left_alone(micropython: Command, tmp_path: Path) -> None:
    hasty = written(tmp_path, HASTY, watchdog_ms=2_000)
    async with SimulatedLight("kitchen", NOWHERE, tmp_path / "flash", main=hasty) as light:
        pid = light.pid
        await seen(light, lambda output: output.lines > 12)  # attempts without a broker, for more than those 2 s
        assert light.pid == pid
