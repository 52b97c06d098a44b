"""`python -m presslight.broker.export` writes `broker/mosquitto/`: Mosquitto's configuration, without any secret.

With `--check` it writes nothing, names each file that is not current, and exits 1 if there is one. `mosquitto.conf` is
for the image `eclipse-mosquitto`, `presslight.conf` or `presslight-tls.conf` for the `conf.d` of Debian's package; the
administrator adds the passwords and, for TLS, the certificates beside `acl`: docs/running.md.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from presslight.broker.acl import acl
from presslight.broker.config import ConfigFiles, Listener, drop_in, mosquitto_conf
from presslight.contract.address import DEFAULT_PORTS
from presslight.contract.errors import sentence
from presslight.contract.topics import BRIDGE_USER, HOME_ASSISTANT_USER

FOLDER = Path(__file__).parent / "mosquitto"
SETTINGS = PurePosixPath("/mosquitto/config")
STORE = PurePosixPath("/mosquitto/data")
PACKAGED = PurePosixPath("/etc/mosquitto/presslight")
"""The folder for presslight's files beside Debian's package (docs/running.md)."""

EVERYWHERE = "0.0.0.0"  # noqa: S104 -- of the container, where compose decides; of a machine whose lights are elsewhere


def files() -> dict[str, str]:
    """The text of each exported file, by its name."""
    read = ConfigFiles(SETTINGS / "passwords", SETTINGS / "acl", STORE)
    packaged = ConfigFiles(PACKAGED / "passwords", PACKAGED / "acl")
    plain = Listener(EVERYWHERE, DEFAULT_PORTS["mqtt"])
    tls = Listener(EVERYWHERE, DEFAULT_PORTS["mqtts"], PACKAGED / "server.crt", PACKAGED / "server.key")
    return {
        "mosquitto.conf": mosquitto_conf([plain], read),
        "presslight.conf": drop_in([plain], packaged),
        "presslight-tls.conf": drop_in([tls], packaged),
        "acl": acl([BRIDGE_USER, HOME_ASSISTANT_USER]),
    }


def stale(folder: Path = FOLDER) -> list[str]:
    """The files in `folder` that are missing or not current."""
    return [
        name
        for name, text in files().items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
    ]


def write_files(folder: Path = FOLDER) -> None:
    """Write each exported file to `folder`. Raises OSError."""
    folder.mkdir(exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m presslight.broker.export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not current")
    if not parser.parse_args(arguments).check:
        write_files()
        return 0
    wrong = stale()
    for name in wrong:
        sys.stderr.write(f"broker/mosquitto/{name} is not current: run python -m presslight.broker.export\n")
    return 1 if wrong else 0


def run() -> int:
    """Run the command, with one line on stderr for an OSError; the exit code."""
    try:
        return main()
    except OSError as error:
        sys.stderr.write(f"{sentence(error)}\n")
        return 2


if __name__ == "__main__":
    sys.exit(run())
