"""`python -m tests.bench`."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while all that follows is imported ends it without a traceback

from tests.bench.run import main  # noqa: E402 -- after the line above

if __name__ == "__main__":
    sys.exit(main())
