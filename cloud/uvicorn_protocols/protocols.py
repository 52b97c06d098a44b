"""The protocol classes that uvicorn makes a connection's protocol from."""

import asyncio

from presslight.cloud.uvicorn_protocols.http_protocol import HttpProtocol
from presslight.cloud.uvicorn_protocols.start_queue import StartQueue
from presslight.cloud.uvicorn_protocols.unauthenticated import ConnectionCounts, UnauthenticatedConnections
from presslight.cloud.uvicorn_protocols.websocket_protocol import WebSocketProtocol


def protocol_classes(counts: ConnectionCounts) -> dict[str, type[asyncio.Protocol]]:
    """Make `http` and `ws` of `uvicorn.Config`. Both classes share one bound on unauthenticated connections."""
    shared = {
        "counts": counts,
        "unauthenticated": UnauthenticatedConnections(counts),
        "start_queue": StartQueue(),
    }
    return {
        "http": type("HttpProtocol", (HttpProtocol,), shared),
        "ws": type("WebSocketProtocol", (WebSocketProtocol,), shared),
    }
