"""The phones that are connected over a WebSocket: join, leave, broadcast."""

from presslight.cloud.errors import Refusal
from presslight.cloud.websocket.ports import Subscriber
from presslight.contract.errors import ErrorCode


class Phones:
    """The phones' sessions, at most `limit`. Implements the broadcaster of `core.ports`."""

    def __init__(self, limit: int) -> None:
        self.connected: set[Subscriber] = set()
        self._limit = limit

    def __len__(self) -> int:
        return len(self.connected)

    def join(self, session: Subscriber) -> None:
        """Add a phone; it gets every later broadcast. Raises Refusal(OVERLOADED)."""
        if len(self.connected) >= self._limit:
            raise Refusal(ErrorCode.OVERLOADED)
        self.connected.add(session)

    def leave(self, session: Subscriber) -> None:
        """Remove a phone, if it is there."""
        self.connected.discard(session)

    def send_light(self, name: str, text: str) -> None:
        """Send the frame `text` about a changed light to every phone."""
        for session in self.connected:
            try:
                session.send_light(name, text)
            except Exception as error:  # it ends this phone's session and no other
                session.on_defect(error)

    def send_broker_status(self, text: str) -> None:
        """Send the frame `text` about the broker's loss or return to every phone."""
        for session in self.connected:
            try:
                session.send_broker_status(text)
            except Exception as error:  # as above
                session.on_defect(error)
