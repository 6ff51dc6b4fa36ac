"""The sockets of desk and ministry. Every request was signed and its body verified before a handler sees it."""

from typing import Final

from aiohttp import web

from dropbox.courier.server import BODY
from dropbox.intake import http, limits
from dropbox.intake.mailbox import Box
from dropbox.intake.store import Store

_KEY: Final = f"{{key:{http.KEY}}}"


class Desk:
    """Handlers of the desk's socket: fetch and confirm envelopes, publish, send cards, collect outcomes."""

    def __init__(self, store: Store) -> None:
        """Serve from this store."""
        self._store = store

    def routes(self) -> list[tuple[web.RouteDef, int]]:
        """Give every request that this socket understands, each with the most bytes of body that it takes."""
        return [
            (web.get("/v1/envelopes", self.listing, allow_head=False), 0),
            (web.get(f"/v1/envelopes/{_KEY}/{{place:{http.NUMBER}}}", self.chunk, allow_head=False), 0),
            (web.post("/v1/confirmations", self.confirm), limits.CONFIRMATION_BYTES),
            (
                web.put(f"/v1/bulletins/{{day:{http.NUMBER}}}/{{revision:{http.NUMBER}}}", self.put_bulletin),
                limits.BULLETIN_BYTES,
            ),
            (web.put(f"/v1/boards/{_KEY}", self.put_board), limits.BOARD_BYTES),
            (web.get(f"/v1/boards/{_KEY}", self.board, allow_head=False), 0),
            (web.put("/v1/publication", self.put_publication), limits.PUBLICATION_BYTES),
            *sending(self._store, Box.CARDS),
            *collecting(self._store, Box.OUTCOMES),
        ]

    async def listing(self, request: web.Request) -> web.Response:
        """List the complete envelopes, sorted by key; `?after=<key>` goes on where a listing of 10,000 ended."""
        query = request.query
        after = http.key(query["after"]) if set(query) == {"after"} and len(query) == 1 else b""
        if query and not after:
            raise web.HTTPBadRequest
        found = await self._store.envelopes.listing(after)
        listed = [{"key": one.key.hex(), "size": one.size, "day": one.day, "revision": one.revision} for one in found]
        return web.json_response({"envelopes": listed})

    async def chunk(self, request: web.Request) -> web.Response:
        """Give one chunk of an envelope."""
        return http.octets(await self._store.envelopes.chunk(_key(request), int(request.match_info["place"])))

    async def confirm(self, request: web.Request) -> web.Response:
        """Note that a recipient has these envelopes safely."""
        body = http.fields(request[BODY], {"recipient", "keys"})
        keys = http.keys(body["keys"], limits.KEYS_PER_CONFIRMATION)
        await self._store.envelopes.confirm(http.key(body["recipient"]), keys)
        return http.done()

    async def put_bulletin(self, request: web.Request) -> web.Response:
        """Keep a bulletin."""
        day, revision = int(request.match_info["day"]), int(request.match_info["revision"])
        await self._store.published.put_bulletin(day, revision, request[BODY])
        return http.done()

    async def put_board(self, request: web.Request) -> web.Response:
        """Replace a recipient's board."""
        await self._store.published.put_board(_key(request), request[BODY])
        return http.done()

    async def board(self, request: web.Request) -> web.Response:
        """Give a recipient's board back to the desk, which reads it after a restore."""
        return http.octets(await self._store.published.board(_key(request)))

    async def put_publication(self, request: web.Request) -> web.Response:
        """Replace the publication."""
        await self._store.published.put_publication(request[BODY])
        return http.done()


class Ministry:
    """Handlers of the ministry's socket: collect cards, send outcomes."""

    def __init__(self, store: Store) -> None:
        """Serve from this store."""
        self._store = store

    def routes(self) -> list[tuple[web.RouteDef, int]]:
        """Give every request that this socket understands, each with the most bytes of body that it takes."""
        return [*collecting(self._store, Box.CARDS), *sending(self._store, Box.OUTCOMES)]


def sending(store: Store, box: Box) -> list[tuple[web.RouteDef, int]]:
    """Give the request by which a batch is put into a mailbox."""

    async def put(request: web.Request) -> web.Response:
        await store.mailboxes.put(box, _key(request), request[BODY])
        return http.done()

    return [(web.put(f"/v1/{box.value}/{_KEY}", put), store.mailboxes.batch_bytes)]


def collecting(store: Store, box: Box) -> list[tuple[web.RouteDef, int]]:
    """Give the requests by which a mailbox is emptied."""

    async def names(_request: web.Request) -> web.Response:
        return web.json_response({"keys": [name.hex() for name in await store.mailboxes.keys(box)]})

    async def one(request: web.Request) -> web.Response:
        return http.octets(await store.mailboxes.get(box, _key(request)))

    async def confirm(request: web.Request) -> web.Response:
        body = http.fields(request[BODY], {"keys"})
        await store.mailboxes.confirm(box, http.keys(body["keys"], limits.KEYS_PER_CONFIRMATION))
        return http.done()

    return [
        (web.get(f"/v1/{box.value}", names, allow_head=False), 0),
        (web.get(f"/v1/{box.value}/{_KEY}", one, allow_head=False), 0),
        (web.post(f"/v1/{box.value}/confirmations", confirm), limits.CONFIRMATION_BYTES),
    ]


def _key(request: web.Request) -> bytes:
    return http.key(request.match_info["key"])
