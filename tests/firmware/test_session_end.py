"""How a session ends a connection, with a wire that a test plays."""

from tests.firmware.script import Run

LOSES = """
    import asyncio, sys
    from errno import ECONNRESET
    from lamp import link
    from lamp.session import Session
    class settings:
        name = host = ssid = wifi_password = ""
        has_tls = False
    class Gone:
        def send(self, outbox):
            raise OSError(ECONNRESET)
        async def open(self):
            pass
        async def readable(self):
            pass
        def read(self, room):
            raise OSError("closed by the broker")
        def close(self):
            sys.exit()
    session = Session(settings, None, ("set",), None)
    session._wire = Gone()
    session._link.state = link.LIVE
    session._link._sent -= link.PING_AFTER_MS
    asyncio.run(session._connection())
"""


async def test_loss_at_a_ping_is_told_once_by_its_first_cause(run: Run) -> None:
    told = await (await run(LOSES)).rest()
    assert [line for line in told if line.startswith("link lost")] == ["link lost: [Errno 104] ECONNRESET"]
