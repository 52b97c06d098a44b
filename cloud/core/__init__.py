"""The rules of presses and lights: no await, no clock, no socket; time is a parameter (ns on a monotonic clock)."""
