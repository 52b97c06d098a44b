"""What the chip runs when it boots."""

import gc

gc.threshold(4_096)  # compiling leaves much garbage: collected often, the code lies close and large buffers find room

from lamp.app import main  # noqa: E402 -- see above

main()
