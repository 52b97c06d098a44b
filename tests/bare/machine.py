"""How this machine reaches packages, so that a root made on it reaches them the same way. No repository knows that.

apt: its proxy and passwords. pip: all its options, with the folders and files that they name. TLS: whom it trusts.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
PASSED_ON = ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "ssl_cert_file", "requests_ca_bundle", "ci")
"""Variables, in either case, that a login on this machine would have too."""

_OF_APT = re.compile(r'Acquire::(https?|ftp|Retries|Check-Valid-Until|Check-Date|ForceIPv[46])\b.* "[^"]+";')


def pip_options(listed: str) -> dict[str, dict[str, str]]:
    """The options by section among the lines of `pip config list`; those of the environment win over files'."""
    sections: dict[str, dict[str, str]] = {"global": {}}
    rows = [line.partition("=") for line in listed.splitlines() if "=" in line]
    for name, _, quoted in sorted(rows, key=lambda row: row[0].startswith(":env:")):
        section, _, option = name.rpartition(".")
        if option != "config-file":
            sections.setdefault(section.replace(":env:", "global"), {})[option] = ast.literal_eval(quoted)
    return sections


def pip_file(sections: Mapping[str, Mapping[str, str]]) -> str:
    """The text of a pip.conf with these options."""
    lines = []
    for section, options in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{option} = {' '.join(value.split())}" for option, value in options.items()]
    return "\n".join([*lines, ""])


def folders_in(sections: Mapping[str, Mapping[str, str]]) -> list[Path]:
    """The folders that packages are in. Of an index the folder around it: its pages lead to files beside it."""
    found = []
    for options in sections.values():
        for option, value in options.items():
            for path in filter(Path.is_dir, paths_in([value])):
                around = path.parent if option.endswith("index-url") and path.parent != path.parent.parent else path
                found.append(around)
    return list(dict.fromkeys(found))


def paths_in(values: Iterable[str]) -> list[Path]:
    """The absolute paths that stand in settings, plain or as file:// addresses, in their order, once each."""
    words = [word.removeprefix("file://") for value in values for word in value.split()]
    return [Path(word) for word in dict.fromkeys(words) if word.startswith("/")]


def apt_file(dumped: str) -> str:
    """The lines of `apt-config dump` that say how packages are fetched."""
    return "".join(f"{line}\n" for line in dumped.splitlines() if _OF_APT.fullmatch(line))


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """The variables that a login here would have, and no other."""
    return {name: value for name, value in own.items() if name.lower() in PASSED_ON}
