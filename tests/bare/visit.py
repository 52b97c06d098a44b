"""What a newcomer does in a bare root, `python3 visit.py demo` or `test`, with what the root has: Python and make.

Exit code 0: it went as README says, and left no process and no file behind.
"""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
END_S = 30


def demo() -> bool:
    """`make demo`, a look at the page, Ctrl-C."""
    with subprocess.Popen(
        ["make", "demo"], cwd=CLONE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as made:
        assert made.stdout
        is_shown = False
        for line in made.stdout:
            say(line)
            if link := re.search(r"Phone page: (http://[^#\s]+)", line):
                is_shown = shows_page(link[1])
                os.killpg(made.pid, signal.SIGINT)
        made.wait(END_S)
    return is_shown


def shows_page(address: str) -> bool:
    """Whether the phone page is there."""
    with urllib.request.urlopen(address, timeout=END_S) as page:
        return b"presslight" in page.read()


def test() -> bool:
    """`make test`."""
    return subprocess.run(["make", "test"], cwd=CLONE, check=False).returncode == 0


def left_behind() -> list[str]:
    """Processes other than the first one and us, and files where there were none."""
    ours = {1, os.getpid(), os.getppid()}
    others = [path for path in Path("/proc").glob("[0-9]*") if int(path.name) not in ours]
    processes = [name for path in others if (name := command_of(path))]
    files = [str(path) for folder in ("/tmp", "/var/tmp", "/dev/shm") for path in Path(folder).iterdir()]
    return processes + [name for name in files if not name.startswith("/tmp/pytest-of-")]


def command_of(process: Path) -> str:
    """How it was started; empty where it has ended meanwhile."""
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def main() -> int:
    """Do what the argument says."""
    signal.signal(signal.SIGINT, lambda *_: None)  # it took too long: whoever works for us tells what it has, and ends
    began = time.monotonic()
    went_well = {"demo": demo, "test": test}[sys.argv[1]]()
    took = time.monotonic() - began
    left = left_behind()
    for name in left:
        say(f"left behind: {name}\n")
    say(f"make {sys.argv[1]}: {'green' if went_well and not left else 'red'} in {took:.0f} s\n")
    return 0 if went_well and not left else 1


if __name__ == "__main__":
    sys.exit(main())
