"""`python -m presslight.contract.export` writes the contract for other languages, and for the phone page.

`contract/schemas/*.json`, `contract/asyncapi.json`, `cloud/page/contract.js` and `cloud/page/frames.d.ts`. With
`--check` it writes nothing, names each file that is not as the models say, and exits 1 if there is one.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from presslight.contract import javascript
from presslight.contract.channels import document
from presslight.contract.errors import sentence
from presslight.contract.shapes import schemas

FOLDER = Path(__file__).parents[1]
"""Holds `contract/` and `cloud/`, in the repository as where presslight is installed."""

_PLACES = ("contract/schemas/*", "contract/asyncapi.json", "cloud/page/contract.js", "cloud/page/frames.d.ts")


def files() -> dict[str, bytes]:
    """Every exported file, by its path inside `FOLDER`."""
    written = {f"contract/schemas/{name}.json": _bytes(schema) for name, schema in schemas().items()}
    written["contract/asyncapi.json"] = _bytes(document())
    written["cloud/page/contract.js"] = javascript.constants().encode()
    written["cloud/page/frames.d.ts"] = javascript.types().encode()
    return written


def stale(folder: Path) -> list[str]:
    """Name the files in `folder` that are missing, not as the models say, or no longer made."""
    wanted = files()
    places = [place for pattern in _PLACES for place in folder.glob(pattern)]
    found = {place.relative_to(folder).as_posix(): place.read_bytes() for place in places}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write_files(folder: Path) -> None:
    """Make `folder` current: write what is stale, remove what is no longer made."""
    wanted = files()
    for name in stale(folder):
        if name in wanted:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(wanted[name])
        else:
            (folder / name).unlink()


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Run the command; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m presslight.contract.export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not current")
    if not parser.parse_args(arguments).check:
        write_files(folder)
        return 0
    wrong = stale(folder)
    for name in wrong:
        sys.stderr.write(f"{name} is not what the models say: run python -m presslight.contract.export\n")
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
