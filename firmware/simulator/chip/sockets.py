"""Stand-in for the unix port: do not upload. As few sockets as the chip has.

`sockets 10`: the eleventh that is open at a time raises ENFILE. The port leaves CONFIG_LWIP_MAX_SOCKETS at ESP-IDF's 10
(6 on the C2: ports/esp32/boards/sdkconfig.free_ram); lwip_socket says ENFILE then, and MicroPython collects and tries
once more (ports/esp32/modsocket.c, socket_make_new). A socket that nobody holds any more is closed by that on the chip;
here it is lost until the next boot, so who does not close is found out sooner.
"""

import gc
import socket

ENFILE = 23

_most = [0]
_open = set()


class Socket(socket.socket):
    """A socket that counts."""

    def __init__(self, *kind: int) -> None:
        if len(_open) >= _most[0]:
            gc.collect()
            raise OSError(ENFILE)
        super().__init__(*kind)
        _open.add(id(self))

    def close(self) -> None:
        """Close it: another one may be opened at once."""
        _open.discard(id(self))
        super().close()


def ask(most: str) -> None:
    """Have so many."""
    _most[0] = int(most)


socket.socket = Socket
