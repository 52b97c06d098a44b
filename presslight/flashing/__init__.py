"""Flashing an ESP32: what is asked of the board, checked before it, written and watched."""
