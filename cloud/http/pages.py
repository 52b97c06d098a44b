"""The phone page, served as one answer, with headers that let it load and reach nothing but this bridge."""

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from presslight.cloud.http.document import Document

FOLDER = Path(__file__).parents[1] / "page"

PATHS = ("/", "/index.html")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Kept, and asked for each time by its ETag: a new bridge never meets an old page. Changed on the way, its scripts
    # would not be those that its policy permits.
    "Cache-Control": "no-cache, no-transform",
    "Vary": "Accept-Encoding",
}

_FILE = re.compile(r"\w+\.(?:css|html|js|svg)")
"""The suffixes of files that are served; those of an editor have others."""


class Pages:
    """ASGI application for whatever is no route: the page, or 404."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._stamps: dict[str, tuple[int, int]] = {}
        self._document: Document | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve HTTP; a WebSocket that came here has the wrong path."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        else:
            if self._document is None:
                await asyncio.to_thread(self.document)  # 50 ms, once
            await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        if scope["method"] != "GET":
            raise HTTPException(405, headers={"Allow": "GET"})
        if scope["path"] not in PATHS:
            raise HTTPException(404)
        return answer_of(self.document(), Request(scope).headers)

    def document(self) -> Document:
        """The page as its files are now: whoever edits one sees it at the next reload."""
        stamps = self._written()
        if self._document is None or stamps != self._stamps:
            texts = {name: (self._folder / name).read_text(encoding="utf-8") for name in stamps}
            self._document, self._stamps = Document.of(texts), stamps
        return self._document

    def _written(self) -> dict[str, tuple[int, int]]:
        """When each file was last written, and its size."""
        with os.scandir(self._folder) as entries:
            stats = {entry.name: entry.stat() for entry in entries if _FILE.fullmatch(entry.name)}
        return {name: (stat.st_mtime_ns, stat.st_size) for name, stat in stats.items()}


def answer_of(document: Document, asked: Mapping[str, str]) -> Response:
    """Answer the document: not again to who has it, compressed to who takes that."""
    headers = {**HEADERS, "Content-Security-Policy": document.policy, "ETag": document.tag}
    if not tags_of(asked.get("if-none-match", "")).isdisjoint({document.tag.removeprefix("W/"), "*"}):
        return Response(status_code=304, headers=headers)
    if takes_gzip(asked.get("accept-encoding", "")):
        packed = {**headers, "Content-Encoding": "gzip"}
        return Response(document.packed, headers=packed, media_type="text/html")
    return Response(document.body, headers=headers, media_type="text/html")


def tags_of(if_none_match: str) -> set[str]:
    """The tags in the header, without their weakness, which does not matter here."""
    return {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the header names gzip, and not with a weight of nothing."""
    weights = (coding.replace(" ", "").partition(";q=") for coding in accept_encoding.lower().split(","))
    return any(name == "gzip" and (not weight or weight.strip("0.") != "") for name, _, weight in weights)
