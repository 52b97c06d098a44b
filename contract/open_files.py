"""How many files and sockets this process may have open at once."""

import resource
from contextlib import suppress

LOW = 4_096
"""With fewer, strangers and a few hundred phones come near it."""


def raise_limit() -> int:
    """Raise the soft limit to the hard one, where the system lets us. Answers the limit that holds then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):  # macOS has a lower one that it does not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return limit()


def limit() -> int:
    """How many it may have now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return LOW if soft == resource.RLIM_INFINITY else soft


def trouble(files: int) -> str | None:
    """A warning for whoever starts a program that may have so many files open; None where that is enough."""
    if files >= LOW:
        return None
    return f"this process may have {files:,} files and connections open at once, which is few: raise `ulimit -Hn`"
