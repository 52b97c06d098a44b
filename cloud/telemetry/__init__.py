"""Metrics, logs, and the observer that fills both."""
