"""Phones over the WebSocket: an ASGI endpoint, and behind it the session, which is pure."""
