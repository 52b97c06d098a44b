"""uvicorn's HTTP and WebSocket protocols, bounded in time, size and number for clients that have not signed in."""
