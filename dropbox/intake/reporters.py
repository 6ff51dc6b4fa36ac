"""The reporters' socket: no authentication, because there is nobody to authenticate."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from dropbox.intake import http
from dropbox.intake.errors import Code, Refusal
from dropbox.intake.limits import BODIES_AT_ONCE, BODY_SECONDS, SMALL_BODY_BYTES
from dropbox.intake.store import Store
from dropbox.intake.uploads import is_bound
from dropbox.protocol import sizes

_UPLOAD: Final = f"/v1/uploads/{{upload:{http.KEY}|{http.HASH}}}"
_WHOLE: Final = f"/v1/uploads/{{upload:{http.KEY}}}/whole"


class Reporters:
    """Handlers of the reporters' socket."""

    def __init__(self, store: Store) -> None:
        """Serve from this store."""
        self._store = store
        self._bodies = asyncio.Semaphore(BODIES_AT_ONCE)

    def routes(self) -> list[web.RouteDef]:
        """Give every request that this socket understands."""
        return [
            web.get("/v1/bulletin", self.bulletin, allow_head=False),
            web.get("/v1/boards", self.boards, allow_head=False),
            web.get("/v1/publication", self.publication, allow_head=False),
            web.put(f"{_UPLOAD}/{{place:{http.NUMBER}}}", self.put_chunk),
            web.put(_WHOLE, self.put_whole),
            web.get(_UPLOAD, self.progress, allow_head=False),
            web.post(f"{_UPLOAD}/finish", self.finish),
            web.delete(_UPLOAD, self.remove),
        ]

    async def bulletin(self, _request: web.Request) -> web.Response:
        """Give today's bulletin."""
        return http.octets(await self._store.published.bulletin())

    async def boards(self, _request: web.Request) -> web.Response:
        """Give every recipient's board in one answer."""
        return http.octets(await self._store.published.boards())

    async def publication(self, _request: web.Request) -> web.Response:
        """Give the publication."""
        return http.octets(await self._store.published.publication())

    async def put_chunk(self, request: web.Request) -> web.Response:
        """Store one chunk, committed before the answer."""
        async with self._body(request) as body:
            await self._store.uploads.put_chunk(_upload(request), int(request.match_info["place"]), body)
        return http.done()

    async def put_whole(self, request: web.Request) -> web.Response:
        """Store a small envelope, committed and visible to the desk before the answer."""
        async with self._body(request) as body:
            await self._store.uploads.put_whole(_upload(request), body)
        return http.done()

    @asynccontextmanager
    async def _body(self, request: web.Request) -> AsyncIterator[bytes]:
        """Hold the body of a chunk in memory. Raises Refusal when as many as we hold are there already."""
        if self._bodies.locked():
            raise Refusal(Code.NOT_READY)
        async with self._bodies:
            yield await http.read_body(request, sizes.UPLOAD_CHUNK, BODY_SECONDS)

    async def progress(self, request: web.Request) -> web.Response:
        """Say how many chunks are stored, so that an interrupted upload goes on from there."""
        progress = await self._store.uploads.progress(_upload(request))
        said: dict[str, Any] = {"chunks": progress.chunks, "finished": progress.finished}
        return web.json_response(said | ({"content": progress.content.hex()} if progress.content else {}))

    async def finish(self, request: web.Request) -> web.Response:
        """Make the envelope visible to the desk."""
        upload = _upload(request)
        bound = is_bound(upload)
        said = await http.read_body(request, SMALL_BODY_BYTES, BODY_SECONDS)
        body = http.fields(said, {"salt", "size"} if bound else {"size"})
        salt = http.key(body["salt"]) if bound else b""
        await self._store.uploads.finish(upload, http.whole(body["size"]), salt)
        return http.done()

    async def remove(self, request: web.Request) -> web.Response:
        """Leave nothing of an unfinished upload."""
        await self._store.uploads.remove(_upload(request))
        return http.done()


def _upload(request: web.Request) -> bytes:
    return bytes.fromhex(request.match_info["upload"])
