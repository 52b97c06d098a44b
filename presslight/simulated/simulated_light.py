"""A simulated light: the firmware on MicroPython's unix port in a child process, its button, plug and Wi-Fi in reach.

::

    async with SimulatedLight("kitchen", address, folder) as light:
        await light.until(lambda output: output.link == "up")
        light.press_button()
        await light.until(lambda output: output.duty > 0)
        light.set_wifi(False)             # packets are dropped without FIN or RST
        await light.power_cut()           # SIGKILL; what is in `folder` (its flash) stays
        await light.power_on()

Its errors::

    SimulatedLightError
    ├── SimulatedLightNotStarted   the folder or MicroPython cannot be used
    ├── SimulatedLightDied         it ended by itself; the text has its exit code and last lines
    └── SimulatedLightOff          it has no power, so there is no button to press
"""

import asyncio
import functools
import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from presslight import micropython
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import Invalid, PresslightError
from presslight.light_settings import set_up_before, setup_files, write_secret
from presslight.simulated.child_process import ChildProcess
from presslight.simulated.chip import BOOTS_AFTER, POWER_FAILED, VOLATILE, SimulatedChip
from presslight.simulated.light_output import LightOutput
from presslight.simulated.name_server import NameServer
from presslight.simulated.output_waiters import Condition, OutputWaiters
from presslight.simulated.power import MOVES, Power
from presslight.simulated.time_server import TimeServer

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
MAIN = FIRMWARE / "main.py"
ENVIRONMENT = {"PATH": os.defpath, "MICROPYPATH": f"{FIRMWARE / 'simulator'}:{FIRMWARE}:.frozen", "TZ": "UTC0"}
HEAP, HEAP_WITH_TLS, HEAP_OF_CHIP = "112k", "136k", "288k"
LAST_LINES = 20
PRESS_S = 0.08
"""The time of a press, and the pause before the next one: longer than the firmware's debounce time."""
_micropython = functools.cache(micropython.ensure)


class SimulatedLightError(PresslightError):
    """The base of what goes wrong with a simulated light. Branch on `code`."""

    code = "simulated_light"


class SimulatedLightNotStarted(SimulatedLightError):
    """It could not be started, and why, in one sentence."""

    code = "simulated_light_not_started"


class SimulatedLightDied(SimulatedLightError):
    """It ended by itself. `exit_code` is negative for a signal; `last_lines` are what it printed at the end."""

    code = "simulated_light_died"

    def __init__(self, name: str, exit_code: int, last_lines: tuple[str, ...]) -> None:
        self.exit_code = exit_code
        self.last_lines = last_lines
        text = "\n  ".join((":", *last_lines)) if last_lines else " without a word"
        super().__init__(f"the simulated light {name} ended by itself with exit code {exit_code}{text}")


class SimulatedLightOff(SimulatedLightError):
    """It has no power, so it has neither button nor Wi-Fi nor process."""

    code = "simulated_light_off"


class SimulatedLight:
    """One light. `folder` is its flash; `heap` is what MicroPython gets: `112k`, `1m`.

    Where it is None that is 112k, and 24k more over TLS, whose buffers and handshake take their memory from it here, or
    288k on a chip, for two areas and all that stands in for it.
    `main`: what it runs in place of the firmware's own, for a test of something odd. `names`: the name servers that it
    asks, and their port (`127.0.0.1 127.0.0.2 5300`); `time_port`: that of the time server, at 127.0.0.1. Where they
    are None, this machine answers. `chip`: in what it is as hostile as a chip (`presslight.simulated.chip`).

    `async with` powers it on and, at the end, ends its process. A light that dies in between raises
    `SimulatedLightDied` to whoever waits for it or touches it, at the latest at the end of `async with`.
    """

    def __init__(
        self,
        name: str,
        address: BrokerAddress,
        folder: Path,
        heap: str | None = None,
        main: Path | None = None,
        names: str | None = None,
        time_port: int | None = None,
        chip: Sequence[str] = (),
    ) -> None:
        default = HEAP_OF_CHIP if chip else HEAP_WITH_TLS if address.tls else HEAP
        heap = default if heap is None else heap
        if not re.fullmatch(r"[1-9][0-9]{0,5}[kKmM]|[1-9][0-9]{3,8}", heap):  # MicroPython itself needs 700 bytes
            raise Invalid(f"a heap looks like 96k or 1m, and not like {heap[:20]!r}")
        self.name = name
        self.folder = folder
        self.output = LightOutput()
        self.power = Power.OFF
        self._files = setup_files(name, address, wifi={"ssid": "simulated", "password": ""}, time_server="127.0.0.1")
        self._heap = heap
        self._main = main
        self._names = names
        self._name_server = NameServer()
        self._time_port = time_port
        self._time_server = TimeServer()
        self.chip = SimulatedChip(chip)
        self._process: ChildProcess | None = None
        self._task: asyncio.Task[None] | None = None
        self._death: SimulatedLightDied | None = None
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._button_free_at = 0.0
        self._waiters = OutputWaiters()
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        with self._start_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            for name, text in set_up_before(self._files, self.folder).items():
                write_secret(self.folder / name, text)
        async with AsyncExitStack() as exits:
            await exits.enter_async_context(self._name_server)
            await exits.enter_async_context(self._time_server)
            await self._tasks.__aenter__()
            await self.power_on()
            self._exits = exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.power is Power.ON:
                await self._end_process()
        finally:
            async with self._exits:
                await self._tasks.__aexit__(None, None, None)  # None: so that the body's own error stays as it is
        if self._death and error is None:
            raise self._death

    @property
    def duty(self) -> int:
        """The duty cycle of the PWM now, 0-65535."""
        return self.output.duty

    @property
    def pid(self) -> int:
        """The process id. Raises SimulatedLightOff, SimulatedLightDied."""
        return self._running_process().pid

    def resident_bytes(self) -> int:
        """The resident memory of its process (RSS, including shared pages), in bytes. Linux only."""
        return self._running_process().resident_bytes()

    def button_down(self) -> None:
        """Put a finger on the button on the light."""
        self.chip.set_button(self._running_process(), is_held=True)

    def button_up(self) -> None:
        """Take the finger off."""
        self.chip.set_button(self._running_process(), is_held=False)

    def press_button(self) -> None:
        """Press the button and let it go, as a finger does: one press after the other. While it boots it sees none."""
        process = self._running_process()
        loop = asyncio.get_running_loop()
        down = max(loop.time(), self._button_free_at)
        loop.call_at(down, self.chip.set_button, process, True)
        loop.call_at(down + PRESS_S, self.chip.set_button, process, False)
        self._button_free_at = down + 2 * PRESS_S

    def set_wifi(self, is_up: bool) -> None:
        """Take the access point away (packets vanish: no FIN, no RST) or bring it back."""
        self.send_command("wifi back" if is_up else "wifi away")

    def send_command(self, word: str) -> None:
        """Send a command line to the simulator."""
        self._running_process().write_line(word)

    async def until(self, condition: Condition) -> LightOutput:
        """The first output from now on that meets `condition`, however short. Without a timeout of its own.

        Raises `SimulatedLightDied` if the light ends by itself first, so `until(lambda _: False)` waits for just that.
        """
        if self._death:
            raise self._death
        if condition(self.output):
            return self.output
        return await self._waiters.until(condition)

    def add_watcher(self, watcher: Callable[[LightOutput], object]) -> None:
        """Call `watcher` with each output from now on, and at each change of power."""
        self._waiters.add_watcher(watcher)

    async def power_cut(self) -> None:
        """Cut the power: SIGKILL. Its flash stays. Its sockets are closed, while a real light's just fall silent."""
        process = self._running_process()
        self._set_power(Power.OFF)
        process.kill()
        await self._wait_until_dark()

    async def power_on(self) -> None:
        """Power it on, unless it is on. Raises `SimulatedLightNotStarted` and what `micropython.ensure` raises."""
        if self.power is not Power.ON:
            self._process = await self._boot(is_first=True)
            self._set_power(Power.ON)
            self._set_output(self.output.without_power())
            self._task = self._tasks.create_task(self._run(self._process), name=f"simulated light {self.name}")

    async def _boot(self, *, is_first: bool = False, has_power_failed: bool = False) -> ChildProcess:
        command = await asyncio.to_thread(_micropython)
        run = (*command, "-X", f"heapsize={self._heap}", *self.chip.command(str(self._main or MAIN)))
        names, time_port = self._names or self._name_server.address, self._time_port or self._time_server.port
        own = {"NAME_SERVERS": names, "TIME_SERVER_PORT": str(time_port)}
        own |= self.chip.environment(is_first=is_first, has_power_failed=has_power_failed)
        with self._start_errors():
            for lost in VOLATILE if is_first or has_power_failed else ():
                (self.folder / lost).unlink(missing_ok=True)
            return await ChildProcess.start(run, self.folder, ENVIRONMENT | own)

    async def _run(self, process: ChildProcess) -> None:
        """Follow the process, and the next one when the light resets itself."""
        code = await self._read_lines(process)
        while code in BOOTS_AFTER and self.power is Power.ON:
            self._set_output(LightOutput(log=BOOTS_AFTER[code], lines=self.output.lines + 1))
            self._process = process = await self._boot(has_power_failed=code == POWER_FAILED)
            code = await self._read_lines(process)
        if self.power is Power.ON:
            self._death = SimulatedLightDied(self.name, code, tuple(self._last_lines))
            self._set_power(Power.DIED)
            self._set_output(self.output.without_power())
            self._waiters.fail(self._death)

    async def _read_lines(self, process: ChildProcess) -> int:
        if self.power is not Power.ON:  # it was cut while this one booted
            process.kill()
        async for line in process.lines():  # also those from before a cut that are read after it: it did that
            self._on_line(line)
        return await process.exit_code()

    def _on_line(self, line: bytes) -> None:
        output = self.output.after(line)
        if output.lines != self.output.lines:
            self._last_lines.append(output.log)
        self._set_output(output)

    def _set_output(self, output: LightOutput) -> None:
        self.output = output
        self._waiters.notify(output)

    def _set_power(self, power: Power) -> None:
        if power not in MOVES[self.power]:
            raise AssertionError(f"a light does not go from {self.power} to {power}")
        self.power = power
        if power is Power.ON:
            self._death = None

    def _running_process(self) -> ChildProcess:
        if self._death:
            raise self._death
        if self._process is None or self.power is not Power.ON:
            raise SimulatedLightOff(f"the simulated light {self.name} has no power")
        return self._process

    async def _end_process(self) -> None:
        process = self._running_process()
        self._set_power(Power.OFF)
        await process.end_process()
        await self._wait_until_dark()

    async def _wait_until_dark(self) -> None:
        if self._task:
            await asyncio.wait({self._task})
        self._set_output(self.output.without_power())

    @contextmanager
    def _start_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = error.filename or self.folder
            text = f"the simulated light {self.name} cannot start: {error.strerror}: {where}"
            raise SimulatedLightNotStarted(text) from error
