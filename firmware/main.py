"""What the chip runs when it boots."""

import gc

gc.threshold(4_096)  # compiling leaves much garbage: collected often, the code lies close and large buffers find room

import lamp.session  # noqa: E402, F401 -- with all below it the largest, so compiled first, while there is room
from lamp.app import main  # noqa: E402 -- see above

gc.threshold(-1)  # from here on it collects at moments of its own choice
main()
