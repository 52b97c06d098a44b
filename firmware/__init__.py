"""For MicroPython, whose path begins here: `lamp` is the package."""

raise ImportError("the firmware runs on MicroPython; its package is `lamp`, with this folder in the path")
