"""The connection to the broker, and the inbox that judges what it delivers."""
