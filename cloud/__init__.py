"""The cloud bridge: phones on one side (WebSocket, HTTP), lights on the other (MQTT), the truth about presses between.

`core` holds the rules and is pure: no await, no clock, no socket. `websocket`, `http`, `mqtt` and `store` are shells
that do not know each other; `uvicorn_protocols` is what connections meet before them, `telemetry` measures and logs,
`page` is the phone page. `bridge` composes them, `app` is the ASGI application, `server` runs it.
"""

if __name__ != "presslight.cloud":
    raise ImportError("this is presslight.cloud: a second copy of it would have a state of its own")
