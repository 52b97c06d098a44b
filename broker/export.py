"""`python -m broker.export` writes `broker/mosquitto/`: Mosquitto's configuration for a container, without any secret.

With `--check` it writes nothing, names each file that is not current, and exits 1 if there is one. The paths in it are
those of the image `eclipse-mosquitto`; the passwords are mounted there when it starts.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from broker.acl import acl
from broker.config import Files, Listener, config
from contract.errors import sentence
from contract.topics import BRIDGE_USER, HOME_ASSISTANT_USER

FOLDER = Path(__file__).parent / "mosquitto"
SETTINGS = PurePosixPath("/mosquitto/config")
STORE = PurePosixPath("/mosquitto/data")


def files() -> dict[str, str]:
    """Every exported file by its name."""
    read = Files(SETTINGS / "passwords", SETTINGS / "acl", STORE)
    everywhere = Listener("0.0.0.0", 1883)  # noqa: S104 -- of the container; compose decides what is reachable
    return {"mosquitto.conf": config([everywhere], read), "acl": acl([BRIDGE_USER, HOME_ASSISTANT_USER])}


def stale(folder: Path = FOLDER) -> list[str]:
    """The files in `folder` that are missing or not current."""
    return [
        name
        for name, text in files().items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
    ]


def write(folder: Path = FOLDER) -> None:
    """Make `folder` current."""
    folder.mkdir(exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m broker.export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not current")
    if not parser.parse_args(arguments).check:
        write()
        return 0
    wrong = stale()
    for name in wrong:
        sys.stderr.write(f"broker/mosquitto/{name} is not current: run python -m broker.export\n")
    return 1 if wrong else 0


def run() -> int:
    """Run the command, with any error of the system on one line."""
    try:
        return main()
    except OSError as error:
        sys.stderr.write(f"{sentence(error)}\n")
        return 2


if __name__ == "__main__":
    sys.exit(run())
