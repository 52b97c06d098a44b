"""The ways from a phone to its bridge: one link, and a spare one beside it, warm for second copies of a press.

A lost packet stalls a whole connection until TCP sends it again; another connection does not notice. Measured at 500 ms
round trip and 5 % loss: presses that take over 2 s fall from 0.84 % to 0.07 % where the copy goes over a second
connection that is up already.
"""

from collections.abc import Callable
from dataclasses import replace

from pydantic import BaseModel

from presslight.contract.phone import PressOutcome, Problem, Welcome
from presslight.mobile_sim.connection import LinkListener, Pushed
from presslight.mobile_sim.link import Link


class Paths:
    """`link` and, from its first welcome on, a spare. `listener` hears all of `link`, and of the spare only answers.

    An answer to an answer goes back the way that one came: a bridge measures presses socket by socket.
    """

    def __init__(self, url: str, token: str, listener: LinkListener, *, client: str, spare: bool = True) -> None:
        self._listener = listener
        self._answering = False
        self.link = Link(url, token, replace(listener, welcomed=self._welcomed), client=client)
        self.spare: Link | None = None
        if spare:
            beside = LinkListener(listener.have, welcomed=_ignore, heard=self._heard_beside, lost=_nothing)
            self.spare = Link(url, token, beside, client=client)

    def start(self, ended: Callable[[], None]) -> None:
        """Connect, and keep connecting; see Link."""
        self.link.start(ended)

    async def stop(self) -> None:
        """Let what was sent leave, and hang up."""
        try:
            await self.link.stop()
        finally:
            if self.spare is not None:
                await self.spare.stop()

    def send(self, frame: BaseModel, *, hedge: bool = False) -> None:
        """Hand a frame to a socket. `hedge`: to the spare's, if that is up; both have to prove that they are alive."""
        spare = self.spare
        beside = spare is not None and spare.rtt_ms is not None and (hedge or self._answering)
        (spare if spare is not None and beside else self.link).send(frame)
        if hedge:
            self._doubt()

    def _doubt(self) -> None:
        self.link.doubt()
        if self.spare is not None:
            self.spare.doubt()

    def _welcomed(self, welcome: Welcome) -> None:
        if self.spare is not None and not self.spare.is_started:
            self.spare.start(ended=_nothing)
        self._listener.welcomed(welcome)

    def _heard_beside(self, frame: Pushed) -> None:
        """Lights and status are the link's to tell: what two connections say of them has no order."""
        if isinstance(frame, PressOutcome | Problem):
            self._answering = True
            try:
                self._listener.heard(frame)
            finally:
                self._answering = False


def _ignore(_: Welcome) -> None:
    return


def _nothing() -> None:
    return
