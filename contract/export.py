"""`python -m presslight.contract.export` writes the contract for other languages: `schemas/*.json` and `asyncapi.json`.

With `--check` it writes nothing, names each file that is not as the models say, and exits 1 if there is one.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from presslight.contract.channels import document
from presslight.contract.errors import sentence
from presslight.contract.shapes import schemas

FOLDER = Path(__file__).parent


def files() -> dict[str, bytes]:
    """Every exported file, by its path inside `contract/`."""
    written = {f"schemas/{name}.json": _bytes(schema) for name, schema in schemas().items()}
    return written | {"asyncapi.json": _bytes(document())}


def stale(folder: Path) -> list[str]:
    """Name the files in `folder` that are missing, not as the models say, or no longer made."""
    wanted = files()
    places = [*folder.glob("schemas/*"), *folder.glob("asyncapi.json")]
    found = {place.relative_to(folder).as_posix(): place.read_bytes() for place in places}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write(folder: Path) -> None:
    """Make `folder` current: write what is stale, remove what is no longer made."""
    wanted = files()
    (folder / "schemas").mkdir(exist_ok=True)
    for name in stale(folder):
        if name in wanted:
            (folder / name).write_bytes(wanted[name])
        else:
            (folder / name).unlink()


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Run the command; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m presslight.contract.export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not current")
    if not parser.parse_args(arguments).check:
        write(folder)
        return 0
    wrong = stale(folder)
    for name in wrong:
        sys.stderr.write(f"contract/{name} is not what the models say: run python -m presslight.contract.export\n")
    return 1 if wrong else 0


def _bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def run() -> int:
    """Run the command, with any error of the system on one line."""
    try:
        return main()
    except OSError as error:
        sys.stderr.write(f"{sentence(error)}\n")
        return 2


if __name__ == "__main__":
    sys.exit(run())
