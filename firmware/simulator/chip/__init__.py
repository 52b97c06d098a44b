"""Stand-in for the unix port: do not upload. What a chip does to its firmware and the unix port does not.

Nothing of it is loaded unless it is asked for, by a line whose first word is a file of this folder, as in
`flash ENOSPC write`. The lines of a boot are in CHIP; those that come by the channel count until the next boot.
`presslight/simulated/chip.py` lists all of them.
"""

import channel


def ask(line: str) -> None:
    """Be as a chip in what the line says."""
    word, *rest = line.split()
    getattr(__import__("chip." + word), word).ask(*rest)


def _hear(line: bytes, act: object = channel.hear) -> int:
    words = line.split()
    if not words or line.decode().strip() in channel._acts:  # noqa: SLF001 -- the channel is a part of this one
        return act(line)
    try:
        ask(line.decode())
    except (ImportError, KeyError, TypeError, ValueError):
        return act(line)
    return 0


channel.hear = _hear
