"""The terminal: what a verb prints, reads and is ended by."""
