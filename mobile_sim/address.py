"""A bridge's address as people write it, or copy it from the browser. Pure."""

from typing import NamedTuple, Self
from urllib.parse import quote

from presslight.contract import url as urls
from presslight.contract.errors import Invalid

_SOCKETS = {"http": ("ws", 80), "https": ("wss", 443)}
_TOKEN = "token="  # noqa: S105 -- the name of what the page's link carries
_STANDS_IN_A_PATH = "/%!$&'()*+,;=:@~"

_LOOKS_LIKE = (
    "a bridge's address looks like http://host:8787, or https://host/house1 where a proxy has it below a path, "
    "or is the phone page's link (…#token=…); user, password and ? have no place in it"
)


class BridgeAddress(NamedTuple):
    """Address of a bridge. `socket`: its WebSocket's URL; `shown`: for people, no secret; `token`: a page link's."""

    socket: str
    shown: str
    token: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL; its path is where a proxy has the bridge. Raises Invalid, which repeats none of it."""
        try:
            parts = urls.split(text)
            scheme, usual_port = _SOCKETS[parts.scheme]
            path = quote(parts.path.removesuffix("/"), safe=_STANDS_IN_A_PATH)
        except (KeyError, ValueError):
            raise Invalid(_LOOKS_LIKE) from None
        link = parts.fragment or _TOKEN
        if parts.user is not None or parts.query is not None or not link.startswith(_TOKEN):
            raise Invalid(_LOOKS_LIKE)
        place = urls.authority(parts.host, parts.port or usual_port)
        bare = place.replace("%25", "%")  # websockets takes a zone of IPv6 as systems do
        return cls(f"{scheme}://{bare}{path}/ws", f"{parts.scheme}://{place}{path}", link.removeprefix(_TOKEN))
