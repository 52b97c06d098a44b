"""Python's full garbage collections, for a process that serves: each stops it for as long as it has objects."""

import gc

MIDDLE_COLLECTIONS = 100
"""A full collection comes after so many of the middle generation. Python's own number is 10."""


def make_rare() -> None:
    """Collect once, exempt what is there now from all later collections, and make full ones rare.

    A full collection found nothing to free and took 60 ms in a bridge at rest, 400 beside 2,000 sockets: cycles are few
    and die young. Collections of the young stay as frequent as this Python has them (700 new objects; 3.13: 2,000).
    Python 3.14.0 to 3.14.4 collect the old in small parts, and take no number for full ones.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, MIDDLE_COLLECTIONS)
