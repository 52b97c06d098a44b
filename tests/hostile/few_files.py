"""`presslight` that may have few files, as after `ulimit`. Run as a module, by tests."""

import resource

from presslight.__main__ import main

SOFT, HARD = 64, 256

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (SOFT, HARD))
    main()
