"""A chip's date: 2000 when power comes, kept over a reset, and counted from 2000."""

import ssl
import time
from pathlib import Path

from presslight.simulated.simulated_light import SimulatedLight
from tests import certificates
from tests.certificates import DAY
from tests.firmware.bare_broker import BareBroker
from tests.firmware.hostile_life import NAME, comes_back, lives
from tests.firmware.script import Run
from tests.firmware.test_date import flashed, hears, said
from tests.firmware.time_servers import telling, time_server

NOW = int(time.time())
READ = """
    import machine, time
    now = machine.RTC().datetime()
    print(*now[:3], now[3] == time.localtime()[6], time.time() < 86_400, time.gmtime(0)[0])
"""
SET = """
    machine.RTC().datetime((2026, 5, 4, 0, 3, 2, 1, 0))
    print(machine.RTC().datetime()[:7], time.gmtime()[:6], time.mktime(time.gmtime()) == time.time())
    print(time.ticks_diff(time.ticks_ms(), 0) > 0)
"""


async def test_date_begins_in_2000_and_lives_on_until_the_power_goes(run: Run, tmp_path: Path) -> None:
    new = "2000 1 1 True True 2000"
    script = await run(READ, SET, chip=["clock"])
    monday = "(2026, 5, 4, 0, 3, 2, 1) (2026, 5, 4, 3, 2, 1) True"
    assert await script.rest() == [new, monday, "True"]
    assert await (await run(READ, chip=["clock"])).rest() == ["2026 5 4 True False 2000"]
    (tmp_path / "clock").unlink()
    assert await (await run(READ, chip=["clock"])).rest() == [new]


async def test_light_sets_such_a_clock_and_finds_its_certificate_valid(tmp_path: Path) -> None:
    made = certificates.make(tmp_path, "127.0.0.1", until=5 * DAY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server)
    folder = flashed(tmp_path / "flash", 1_749_999_960)
    async with (
        time_server(telling(NOW)) as (_, port),
        BareBroker(NAME, context, str(made.ca)) as broker,
        SimulatedLight(NAME, broker.address, folder, time_port=port, chip=["clock"]) as light,
    ):
        told = hears(light, said(NOW, "network"))
        await told
        await lives(light, broker)
        kept = int((folder / "clock").read_text())
        assert abs(kept - 946_684_800) < 86_400
        await comes_back(light, broker)
