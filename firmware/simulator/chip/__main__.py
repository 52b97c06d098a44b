"""Stand-in for the unix port: do not upload. Runs a main.py (its argument) on a chip that is as CHIP says."""

import os
import sys

path = sys.argv[1]
sys.path[0] = path.rpartition("/")[0]

from chip import ask  # noqa: E402 -- after the way to it

for line in os.getenv("CHIP").split("\n"):
    ask(line)
del path, line
__import__(sys.argv[1].rpartition("/")[2][:-3])
