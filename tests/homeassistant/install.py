"""`python -m tests.homeassistant.install`: the releases of Home Assistant, installed where they were not."""

import os
import sys

from tests.homeassistant.debian_root import RootNotMade
from tests.homeassistant.releases import RELEASES, ReleaseNotInstalled, install, installed


def main() -> int:
    """Install what is missing and print what there is; 1 and a line where that is nothing at all."""
    if os.geteuid():
        return _give_up("Home Assistant runs in a Debian root of its own, and only root can make one")
    there = 0
    for release in RELEASES:
        if not installed(release):
            _say(f"installing Home Assistant ({release}), once; this takes minutes")
        try:
            _say(str(install(release)))
            there += 1
        except (RootNotMade, ReleaseNotInstalled) as error:
            _say(f"could not install {release}: {error}")
    return 0 if there else 1


def _give_up(why: str) -> int:
    _say(why)
    return 1


def _say(sentence: str) -> None:
    sys.stderr.write(f"presslight: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
