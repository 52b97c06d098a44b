"""A simulated light: the firmware on MicroPython's unix port, its button, its output, its network and its power."""
