"""How a light starts where something fails: its output, its button, its restarts, and what it writes meanwhile."""

import ast
import asyncio
import json
import shutil
from pathlib import Path

import pytest

from lamp import record
from presslight.micropython import Command
from presslight.simulated.simulated_light import FIRMWARE
from tests.firmware.odd_main import written
from tests.firmware.watch import DARK, DIM, SETTINGS, Watch, pause, watched

FIRST = {"__init__", "board", "clock", "flash", "memory", "output", "record", "settings"}
"""What the first stage is made of; all else may be broken."""
LATER = sorted(
    {path.stem for path in (FIRMWARE / "lamp").glob("*.py")} - FIRST - {"secure", "date", "sntp", "resolver", "dns"}
)
"""But for those that are imported by lights that need them, once their tasks run."""
BREAKS = {
    "syntax": "def broken(:\n",
    "import": "import no_such_module\n",
    "memory": "bytearray(1 << 30)\n",
    "exception": "raise RuntimeError('worn out')\n",
}


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def broken(folder: Path, module: str, content: str) -> Path:
    """A copy of the firmware in which a module has become `content`; gives its main.py."""
    shutil.copytree(FIRMWARE / "lamp", folder / "lamp", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "lamp" / f"{module}.py").write_text(content)
    return Path(shutil.copy(FIRMWARE / "main.py", folder))


async def survives(seen: Watch) -> None:
    """Its output is right from the start, its button works, it tries again ever later, and nothing is written."""
    before = seen.written()
    await seen.until(lambda now: now.duty == DIM)
    await seen.says(pause(1))
    await seen.says(pause(2))
    await seen.until(lambda now: now.duty == DIM)
    await seen.switches(DARK)
    await seen.says(pause(4))
    await seen.switches(DIM)
    assert seen.duties == [[DIM], [DIM], [DIM, DARK], [DARK, DIM]], seen.logs
    assert seen.written() == before


def imports(module: str) -> set[str]:
    """What a module of the firmware imports of ours as it is read."""
    found: set[str] = set()
    for node in ast.parse((FIRMWARE / f"{module}.py").read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module == "lamp":
            found |= {each.name for each in node.names if (FIRMWARE / "lamp" / f"{each.name}.py").exists()}
            found.add("__init__")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("lamp."):
            found.add(node.module.removeprefix("lamp."))
        elif isinstance(node, ast.Import):
            found |= {each.name.removeprefix("lamp.") for each in node.names if each.name.startswith("lamp.")}
    return found


def test_first_stage_is_short_and_made_of_few_modules() -> None:
    assert len((FIRMWARE / "main.py").read_text().splitlines()) <= 60
    needed, new = set[str](), imports("main")
    while new:
        needed |= new
        new = {each for module in new for each in imports(f"lamp/{module}")} - needed
    assert needed == FIRST


@pytest.mark.parametrize("kind", BREAKS)
async def test_light_of_which_any_later_module_is_broken_shines_and_is_switched(
    micropython: Command, tmp_path: Path, kind: str
) -> None:
    async def live(module: str) -> None:
        main = broken(tmp_path / module, module, BREAKS[kind])
        async with watched(tmp_path / module / "flash", main) as seen:
            await survives(seen)

    async with asyncio.TaskGroup() as tasks:
        for module in LATER:
            tasks.create_task(live(module))


PROGRAMS = [
    # an older MicroPython
    "import socket\ndel socket.TCP_NODELAY\n",
    # a task, later
    "import lamp.app\nasync def broken(self, *_):\n    raise MemoryError\nlamp.app.App._beat = broken\n",
    "import lamp.session\nasync def broken(self):\n    raise ImportError\nlamp.session.Session._receive = broken\n",
]


async def test_light_that_fails_later_shines_and_writes_once(micropython: Command, tmp_path: Path) -> None:
    wifi = {"wifi": {"ssid": "home", "password": ""}}

    async def live(folder: Path, program: str) -> None:
        async with watched(folder / "flash", written(folder, program), json.dumps(SETTINGS | wifi)) as seen:
            epochs = []
            for seconds in (1, 2, 4):
                await seen.says(pause(seconds))
                epochs.append(seen.epoch())
                kept = seen.written()
                assert len(kept) == 2  # as it was, and the one write of the first boot
                assert record.newest(list(kept.values()))[:2] == (2, 71)
            assert seen.duties == [[DIM], [DIM], [DIM], [DIM]]
            assert epochs == [8, 9, 10]

    async with asyncio.TaskGroup() as tasks:
        for number, program in enumerate(PROGRAMS):
            tasks.create_task(live(made(tmp_path / str(number)), program))


BAD_SETTINGS = [
    None,
    "",
    "{",
    "[]",
    "[" * 10_000,
    json.dumps(SETTINGS | {"name": None}),
    json.dumps(SETTINGS | {"host": 5, "pins": {"lamp": 25}}),
    json.dumps(SETTINGS | {"pins": "2"}),
    json.dumps(SETTINGS | {"pins": {"lamp": "2"}}),
    json.dumps(SETTINGS | {"wifi": {"ssid": 1}}),
]


async def test_light_with_bad_settings_shines_and_is_switched(micropython: Command, tmp_path: Path) -> None:
    async def live(folder: Path, settings: str | None) -> None:
        async with watched(folder, None, settings) as seen:
            await survives(seen)
            told = "BadSettings: ", "MemoryError: "  # the latter where what was nested too deep is still in the way
            assert [log for log in seen.logs if log.startswith(told)], (settings, seen.logs)

    async with asyncio.TaskGroup() as tasks:
        for number, settings in enumerate(BAD_SETTINGS):
            tasks.create_task(live(tmp_path / str(number), settings))


async def test_light_on_pins_that_the_chip_lacks_says_so_and_tries_again(micropython: Command, tmp_path: Path) -> None:
    async def live(use: str, pin: int) -> None:
        settings = json.dumps(SETTINGS | {"pins": {use: pin}})
        async with watched(tmp_path / f"{use}{pin}", None, settings) as seen:
            await seen.says(pause(2))
            assert any(log.startswith(f"cannot use pin {pin}: ") for log in seen.logs)
            assert seen.duties == ([[DIM], [DIM], [DIM]] if use == "button" else [[], [], []])

    async with asyncio.TaskGroup() as tasks:
        for pin in (-1, 20, 31, 40, 1 << 70):
            tasks.create_task(live("button", pin))
        for pin in (34, 99):
            tasks.create_task(live("lamp", pin))


async def test_lamp_that_shines_on_low_does_so_from_the_first_stage_on(micropython: Command, tmp_path: Path) -> None:
    """Where the second stage starts, where it fails, and where all but its pins is wrong in the settings."""
    lit, dark = 65_535 - DIM, 65_535
    pins = {"pins": {"lamp": 8, "button": 9, "inverted": 1}}

    async def live(name: str, main: Path | None, settings: dict[str, object], log: str) -> None:
        async with watched(tmp_path / name, main, json.dumps(settings | pins)) as seen:
            await seen.says(log)
            await seen.switches(dark)
            await seen.light.power_cut()
            await seen.light.power_on()
            await seen.until(lambda now: bool(now.us))
            assert {duty for boot in seen.duties for duty in boot} == {lit, dark}

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(live("whole", None, SETTINGS, "flash: kept on 100"))
        tasks.create_task(live("broken", broken(made(tmp_path / "copy"), "link", BREAKS["import"]), SETTINGS, pause(1)))
        tasks.create_task(live("bad", None, SETTINGS | {"host": 5}, pause(1)))


async def test_button_works_while_a_module_is_read_that_never_ends(micropython: Command, tmp_path: Path) -> None:
    broken(tmp_path, "link", "while True:\n    import time\n    time.sleep_ms(1)\n")
    main = written(tmp_path, "", watchdog_ms=3_000)
    async with watched(tmp_path / "flash", main) as seen:
        await seen.until(lambda now: now.duty == DIM)
        await seen.switches(DARK)
        await seen.says("watchdog")
        await seen.says(pause(1))
        await seen.switches(DIM)
        assert seen.duties == [[DIM, DARK], [DARK, DIM]]


async def test_state_at_a_crash_is_that_of_the_next_start(micropython: Command, tmp_path: Path) -> None:
    program = """
        from lamp.app import App
        def broken(self, *_):
            if self._light.seq:
                raise RuntimeError("worn out")
        App.report = broken
    """
    async with watched(tmp_path / "flash", written(tmp_path, program)) as seen:
        await seen.says("flash: kept on 100")
        await seen.switches(DARK)
        await seen.says(pause(1))
        assert seen.duties == [[DIM, DARK], [DARK]]


async def test_newest_of_two_changes_at_once_is_that_of_the_next_start(micropython: Command, tmp_path: Path) -> None:
    """The flash and the note are of one state, whatever ends the boot: here a watchdog, once the flash has it."""
    program = """
        import time
        from lamp.app import App
        real = App._keep
        def keep(self):
            real(self)
            while self._light.seq:
                time.sleep_ms(50)
        App._keep = keep
    """
    async with watched(tmp_path / "flash", written(tmp_path, program, watchdog_ms=3_000)) as seen:
        await seen.says("flash: kept on 100")
        await seen.switches(DARK)
        await seen.switches(DIM)
        await seen.says("watchdog")
        await seen.says(pause(1))
        assert seen.duties == [[DIM, DARK, DIM], [DIM]]


@pytest.mark.parametrize("moment", ["flash.Flash.keep", "app.Session.__init__", "session.Wifi.start"])
async def test_press_while_the_second_stage_starts_is_a_press(
    micropython: Command, tmp_path: Path, moment: str
) -> None:
    """An interrupt comes between any two steps: the finger touches the button as this begins."""
    module, owner, name = moment.split(".")
    program = f"""
        import lamp.{module}
        owner = lamp.{module}.{owner}
        real = owner.{name}
        def touched(self, *words):
            owner.{name} = real
            board._button._move(0)
            real(self, *words)
        owner.{name} = touched
    """
    async with watched(tmp_path / "flash", written(tmp_path, program)) as seen:
        await seen.says("flash: kept off 100")
        seen.light.button_up()
        await seen.switches(DIM)
        assert seen.duties == [[DIM, DARK, DIM]]


async def test_power_cut_forgets_the_failed_starts_and_tells_no_epoch_again(
    micropython: Command, tmp_path: Path
) -> None:
    program = "import lamp.app\nasync def broken(self):\n    raise RuntimeError\nlamp.app.App._save = broken\n"
    async with watched(tmp_path / "flash", written(tmp_path, program)) as seen:
        await seen.says(pause(2))
        epoch = seen.epoch()
        await seen.light.power_cut()
        seen.logs.clear()
        await seen.light.power_on()
        await seen.says(pause(1))
        assert pause(2) not in seen.logs
        assert seen.epoch() > epoch


async def test_start_that_lives_for_a_minute_went_well(micropython: Command, tmp_path: Path) -> None:
    program = """
        import lamp.app
        lamp.app.HEARTBEAT_MS = 100
        real = lamp.app.Clock.up
        lamp.app.Clock.up = lambda self, now: real(self, now) + 60_000
        import lamp.memory
        settle = lamp.memory.Memory.settle
        def proven(self):
            settle(self)
            raise RuntimeError("worn out after a minute")
        lamp.memory.Memory.settle = proven
    """
    async with watched(tmp_path / "flash", written(tmp_path, program)) as seen:
        for _ in range(3):
            await seen.says("reset")
        assert not [log for log in seen.logs if log.startswith("the last start failed")]
