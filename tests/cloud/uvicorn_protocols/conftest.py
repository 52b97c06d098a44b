import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.cloud.conftest import House
from tests.cloud.uvicorn_protocols.raw_http import Wire


@pytest.fixture
async def wire(house: House) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(house.server.host, house.server.port)
    yield Wire(reader, writer)
    writer.close()
    await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])
