"""DNS server of a simulated light: answers with this machine's own name resolution, as a home router does."""

import asyncio
import socket
from collections.abc import Sequence
from functools import partial

from presslight.simulated.udp_server import UdpServer

HEADER = 12
UNKNOWN, FAILED = 3, 2
NO_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class NameServer(UdpServer):
    """DNS server for A records (RFC 1035) at 127.0.0.1: `async with NameServer() as server: server.address`."""

    @property
    def address(self) -> str:
        """Address and port for NAME_SERVERS: `127.0.0.1 PORT`."""
        return f"127.0.0.1 {self.port}"

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Resolve the name in a thread, then answer. Other datagrams are ignored."""
        name = queried_name(data)
        if name is not None:
            lookup = asyncio.ensure_future(
                asyncio.get_running_loop().getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
            )
            lookup.add_done_callback(partial(self._respond, data, addr))

    def _respond(
        self, question: bytes, client: tuple[str, int], lookup: asyncio.Future[list[tuple[object, ...]]]
    ) -> None:
        if lookup.cancelled() or self._transport.is_closing():
            return
        error = lookup.exception()
        if error:
            is_unknown = isinstance(error, socket.gaierror) and error.errno in NO_NAME
            self._transport.sendto(encode_response(question, [], UNKNOWN if is_unknown else FAILED), client)
        else:
            addresses = [str(each[4][0]) for each in lookup.result() if isinstance(each[4], tuple)]
            self._transport.sendto(encode_response(question, addresses), client)


def queried_name(question: bytes) -> str | None:
    """The name in a query of one A record (RFC 1035, 4.1.2); None for other datagrams."""
    parts, at = [], HEADER
    while at < len(question) and 0 < question[at] < 64:
        parts.append(question[at + 1 : at + 1 + question[at]])
        at += 1 + question[at]
    is_question = parts and question[4:6] == b"\0\1" and question[at:] == b"\0\0\1\0\1"
    return b".".join(parts).decode(errors="replace") if is_question else None


def encode_response(question: bytes, addresses: Sequence[str], code: int = 0) -> bytes:
    """The response with these addresses. `code`: the RCODE (RFC 1035, 4.1.1)."""
    head = question[:2] + bytes((0x81, 0x80 | code)) + question[4:6] + bytes((0, len(addresses), 0, 0, 0, 0))
    records = [b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(each) for each in addresses]
    return head + question[HEADER:] + b"".join(records)
