"""Presses and tokens on disk: SQLite in a file, or PostgreSQL for bridges that share one."""
