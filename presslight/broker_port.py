"""The port of a broker that `up` starts: easy to type into a form, and the same at the next start."""

from pathlib import Path

from presslight.broker.kept_files import PUBLIC, replace_files
from presslight.contract.address import DEFAULT_PORTS

RECORD = "broker.port"
"""The file in a stack's folder with the port."""

ANY = 0


def candidates(asked: int | None, kept: int | None, *, public: bool) -> tuple[int, ...]:
    """The ports to try, in order: the one asked for, else that of the last start, else MQTT's own where it is free.

    `public`: other programs than the stack's own parts connect. Without them any free port is the last candidate.
    """
    if asked is not None:
        return (asked,)
    if public:
        return (kept,) if kept is not None else (DEFAULT_PORTS["mqtt"], ANY)
    return (kept, ANY) if kept is not None else (ANY,)


def read(folder: Path) -> int | None:
    """The port of the last start; None without a file, or where it holds no port."""
    try:
        port = int((folder / RECORD).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return port if 0 < port < 65_536 else None


def write_port(folder: Path, port: int) -> None:
    """Write the port for the next start. Raises OSError."""
    replace_files({folder / RECORD: f"{port}\n"}, mode=PUBLIC)
