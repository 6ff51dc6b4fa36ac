"""Requests as they come in: intake's upload interface on a real store.

The bytes go through aiohttp's own parser, so that what a handler gets is what a stranger can make it get.
"""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser, RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request
from sqlalchemy import delete

from dropbox.intake.app import reporters_app
from dropbox.intake.errors import STATUS, Code
from dropbox.intake.limits import Limits
from dropbox.intake.settings import Settings
from dropbox.intake.store import Store
from dropbox.intake.tables import ChunkRow, EnvelopeRow, ReceivedRow, TombstoneRow, UploadRow
from dropbox.protocol.sizes import Prefix
from tests.fuzz import world
from tests.fuzz.source import Source, altered, spliced, written
from tests.fuzz.target import Target

_loop = asyncio.new_event_loop()
_PARSER_LIMIT: Final = 1 << 16


def _parsed(raw: bytes) -> tuple[RawRequestMessage, StreamReader] | None:
    """The first request of these bytes, after which the line ends; None where there is no whole head."""
    protocol = BaseProtocol(_loop)
    parser: Any = HttpRequestParser(
        protocol,
        _loop,
        _PARSER_LIMIT,
        max_line_size=8190,
        max_field_size=8190,
        payload_exception=web.RequestPayloadError,
    )
    try:
        messages, _, _ = parser.feed_data(raw)
    except (HttpProcessingError, ValueError):
        return None
    if not messages:
        return None
    message, payload = messages[0]
    if not payload.is_eof():
        payload.set_exception(ConnectionResetError())  # as aiohttp does when the line breaks before the body's end
    return message, payload


class _Requests:
    """Makes a `web.Request` from what the parser gave; the connection behind it is one that was never opened."""

    def __init__(self) -> None:
        template = make_mocked_request("GET", "/", loop=_loop)
        self._parts = (template._protocol, template._payload_writer, template.task)

    def make(self, raw: bytes) -> web.Request | None:
        """The request, or None."""
        found = _parsed(raw)
        if found is None:
            return None
        protocol, writer, task = self._parts
        return web.Request(found[0], found[1], protocol, writer, task, _loop, client_max_size=1 << 20)


_requests = _Requests()


class OurMistakeError(Exception):
    """Intake answered "not ready" to a request that met a mistake in our own code."""


class _Intake:
    """A store on a database of its own, made at the first use; empty again after every input."""

    def __init__(self) -> None:
        self._store: Store | None = None
        self._app: web.Application | None = None

    async def answers(self, requests: list[web.Request]) -> None:
        """Every request is answered as the interface says."""
        if self._store is None or self._app is None:
            self._store = await self._begun()
            self._app = reporters_app(self._store)
            self._app.freeze()
        done = False
        for request in requests:
            response = await self._app._handle(request)
            if mistakes := sorted(self._store.faults._counted):
                raise OurMistakeError(mistakes[0])
            assert response.status == 200 or response.status in {*STATUS.values(), 404, 405}
            body = getattr(response, "body", b"")
            assert response.status == 200 or any(code.value.encode() in body for code in Code)
            done |= response.status == 200 and request.method != "GET"
        if done:
            async with self._store.context.database.write() as connection:
                for table in (UploadRow, ChunkRow, EnvelopeRow, ReceivedRow, TombstoneRow):
                    await connection.execute(delete(table))

    async def _begun(self) -> Store:
        folder = Path(_folder.name)
        settings = Settings(
            f"sqlite:///{folder}/intake.db", folder, folder, world.root, limits=Limits(uploads_at_once=4)
        )
        store = await Store.open(settings, lambda: world.NOW, os.urandom)
        await store.published.put_bulletin(world.DAY, 0, world.bulletin_bytes)
        return store


_folder = tempfile.TemporaryDirectory(prefix="fuzz")
_intake = _Intake()
_WHOLE: Final = 200  # of 256 bytes, these and the larger ones
_PREFIX = Prefix(world.DAY, 0, bytes(14)).to_bytes()


def _upload(data: bytes) -> None:
    source = Source(data)
    requests = [_upload_request(source) for _ in range(1 + source.below(3))]
    _loop.run_until_complete(_intake.answers([one for one in requests if one is not None]))


def _upload_request(source: Source) -> web.Request | None:
    name = f"/v1/uploads/{'0' * 31}{source.below(3)}"
    kind = source.below(7)
    method, path, body = "GET", name, b""
    match kind:
        case 0:
            body = spliced(_PREFIX.ljust(16384, b"\1"), source)
            choice = source.byte()
            method, path = "PUT", f"{name}/{'whole' if choice >= _WHOLE else (0, 1, 2, 1 << 31)[choice % 4]}"
        case 1:
            method, path = "POST", f"{name}/finish"
            body = spliced(written(altered({"size": 16384}, source), source), source)
        case 2:
            method = "DELETE"
        case 3:
            path = source.one_of("/v1/bulletin", "/v1/boards", "/v1/publication", name)
        case 4:
            method = source.one_of("PUT", "POST", "PATCH", "HEAD", "OPTIONS", source.text().strip() or "X")
            body = source.text().encode()
        case 5:
            path = spliced(f"{name}/0".encode(), source).decode("latin-1")
            method, body = "PUT", _PREFIX
        case _:
            return _requests.make(source.take(source.below(600)))
    length = len(body) + (source.byte() if source.byte() == 1 else 0)
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
    return _requests.make(head.encode("latin-1", "replace") + body)


def _upload_seeds() -> list[bytes]:
    whole = bytes((2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0))
    raw = b"GET /v1/bulletin HTTP/1.1\r\nHost: a\r\n\r\n"
    return [
        whole,
        b"\0\0\3\0\0",
        b"\0\0\2",
        b"\0\0\0\0\377",
        b"\0\0\4\4\1x",
        b"\1\0\5\1\3\1\2..",
        b"\0\0\6\0" + bytes((len(raw),)) + raw,
    ]


TARGETS = (Target("upload", _upload, _upload_seeds, longest=2048, share=1),)
