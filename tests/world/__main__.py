"""Live the life of a seed once more and say who said what when: `make world SEED=7`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "firmware"))

from tests.world.judge import Broken
from tests.world.life import live


def main() -> int:
    """Exits 1 where a promise was broken."""
    if not sys.argv[1].isdecimal():
        sys.exit("a life is a number: make world SEED=7")
    timeline: list[str] = []
    broken = False
    try:
        timeline.append(f"{live(int(sys.argv[1]), timeline)} presses, every promise kept")
    except Broken as promise:
        broken = True
        timeline.append(str(promise))
    sys.stdout.write("\n".join([*timeline, ""]))
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
