"""How this machine's pip is set up, so that a pip elsewhere on it installs from the same places."""

import ast
import os
import subprocess
import sys
from pathlib import Path

PYTHON = Path(sys.base_prefix) / "bin" / "python3"
"""The Python that has pip; our virtual environment has none."""

NETWORK = ("http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
SECTIONS = ("global", "install", ":env:")
"""What counts when something is installed; of two that set the same the later in this list wins, as with pip."""

INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")


def environment() -> dict[str, str]:
    """Environment variables that say what pip's own files and variables say here, and how the network is reached."""
    listed = subprocess.run([PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    names = (name for lower in NETWORK for name in (lower, lower.upper()) if name in os.environ)
    return {name: os.environ[name] for name in names} | variables(listed)


def variables(listed: str) -> dict[str, str]:
    """The lines of `pip config list` as variables."""
    found = dict[str, dict[str, str]]()
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        found.setdefault(section, {})["PIP_" + name.upper().replace("-", "_")] = str(ast.literal_eval(value))
    return {name: value for section in SECTIONS for name, value in found.get(section, {}).items()}


def paths(variables: dict[str, str]) -> list[Path]:
    """The files and folders of this machine that the variables name, those within others left out.

    Of an index, the folder around it: its pages point at files beside it.
    """
    named = set()
    for name, value in variables.items():
        for status in value.split():
            path = Path(status.removeprefix("file://"))
            if path.is_absolute() and path.exists():
                named.add(path.parent if name in INDEXES else path)
    return sorted(path for path in named if not named & set(path.parents))
