"""Requests as they come in: the gateway's form, and intake's upload interface on a real store.

The bytes go through aiohttp's own parser, so that what a handler gets is what a stranger can make it get.
"""

import asyncio
import contextlib
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

from dropbox.gateway import drafts
from dropbox.gateway.errors import FormError
from dropbox.gateway.form_reader import FormReader
from dropbox.intake.app import reporters_app
from dropbox.intake.errors import STATUS, Code
from dropbox.intake.limits import Limits
from dropbox.intake.settings import Settings
from dropbox.intake.store import Store
from dropbox.intake.tables import ChunkRow, EnvelopeRow, ReceivedRow, TombstoneRow, UploadRow
from dropbox.protocol.sizes import Prefix
from dropbox.web.languages import LANGUAGES
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

# --------------------------------------------------------------------------------------------------------------- form

_BOUNDARY: Final = "xXx"
_FIELDS = tuple(drafts.REPORT_FIELDS) + tuple(drafts.ANSWER_FIELDS) + ("files", "", "receipt\0")


def _form(data: bytes) -> None:
    source = Source(data)
    mode = source.byte()
    content_type = f"multipart/form-data; boundary={_BOUNDARY}"
    if mode & 1:
        content_type = spliced(content_type.encode(), source).decode("latin-1")
    body = source.rest() if mode & 2 else _form_body(source)
    cut = source.byte() if mode & 4 else 0
    length = len(body) + cut
    head = f"POST /en/report HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    request = _requests.make(head.encode("latin-1") + body)
    if request is not None:
        _loop.run_until_complete(_read_form(request))


async def _read_form(request: web.Request) -> None:
    form = FormReader(request, {**drafts.REPORT_FIELDS, **drafts.ANSWER_FIELDS}, 20)
    whole = False
    with contextlib.suppress(FormError):
        await form.fields()
        whole = True
    draft, found = drafts.from_values(form.values, world.random)
    found += drafts.faults(draft, form.cut, has_files=form.has_files, empty="")
    drafts.answer_fields(draft)
    if not whole:
        await form.discard()
        return
    if not found:
        draft.message(LANGUAGES[0])
    with contextlib.suppress(FormError):
        async for file in form.files():
            async for _ in file.pieces:
                pass


def _form_body(source: Source) -> bytes:
    parts = []
    for _ in range(source.below(40)):
        name = source.one_of(*_FIELDS)
        disposition = f'form-data; name="{name}"'
        if name == "files" or source.byte() == 1:
            disposition += f'; filename="{source.text()}"'
        disposition = spliced(disposition.encode(), source).decode("latin-1") if source.byte() == 1 else disposition
        extra = source.one_of(
            "", "Content-Type: text/plain\r\n", "Content-Transfer-Encoding: base64\r\n", "Content-Encoding: gzip\r\n",
            "Content-Type: multipart/mixed; boundary=y\r\n", "Content-Length: 3\r\n", f"X: {source.text()}\r\n",
            "Content-Transfer-Encoding: quoted-printable\r\n", "Content-Type: multipart/form-data\r\n",
        )  # fmt: skip
        value = source.one_of(source.text(), " ".join(world.receipt.words()), "00" * 16, "fraud", "yes", "")
        head = f"--{_BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{extra}\r\n"
        parts.append(head.encode("utf-8", "replace") + value.encode("utf-8", "replace") + b"\r\n")
    return spliced(b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode(), source)


def _good_form() -> bytes:
    fields = {"receipt": " ".join(world.receipt.words()), "message": "00" * 16, "text": "A text.", "ongoing": "yes"}
    parts = [f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
             for name, value in fields.items()]  # fmt: skip
    file = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n'
    return ("".join(parts) + file + f"Content-Type: text/plain\r\n\r\nabc\r\n--{_BOUNDARY}--\r\n").encode()


def _form_seeds() -> list[bytes]:
    return [
        b"\2" + _good_form(),
        b"\0\1\0\0\0\0",
        b"\0\2\0\0\0\0\3abc\1\0\0\0",
        b"\0\1\14\5a.txt\0\0\3abc",
        b"\1\1\1\1",
    ]


# ------------------------------------------------------------------------------------------------------------- upload


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
            method, path = "PUT", f"{name}/{source.one_of(0, 1, 2, 1 << 31)}"
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
        b"\0\0\4\4\1x",
        b"\1\0\5\1\3\1\2..",
        b"\0\0\6\0" + bytes((len(raw),)) + raw,
    ]


TARGETS = (
    Target("form", _form, _form_seeds, share=6),
    Target("upload", _upload, _upload_seeds, longest=2048, share=1),
)
