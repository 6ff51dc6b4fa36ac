"""Reads a posted form part by part: small fields first, then files, in constant memory and never on disk.

`request.post()` would do it more shortly and write every file over 1 MiB to an unencrypted temporary file.
"""

import asyncio
import re
import warnings
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.multipart import BodyPartReader, MultipartReader

from dropbox.gateway.errors import FormDrips, FormTooLarge, FormTooSlow, MalformedForm, TooManyFiles
from dropbox.protocol.payload import MAX_FILES
from dropbox.protocol.sizes import ENVELOPE_MAX, KIB, MIB

MAX_BODY = ENVELOPE_MAX + 16 * MIB  # a full report, a text that is far too long, and the lines between the parts
MAX_PARTS = 64  # our largest form has 10 fields and 20 files; empty file inputs are parts too
MAX_PART_HEADER = 64 * KIB  # one line: room for a file name of 4,000 characters of any script
MAX_PART_HEADERS = 16
PIECE = 256 * KIB
SLOWEST = 2 * KIB  # bytes a second: a bad line over Tor has more; whoever drips holds a place on the host for less
FILES = "files"

Read = TypeVar("Read")

_AS_BROWSERS = re.compile(r'form-data; name="([^"]*)"(?:; filename="([^"]*)")?')

_NOT_A_FORM = (
    ValueError, TypeError, AssertionError, RuntimeError, LookupError, Warning,
    HttpProcessingError, web.RequestPayloadError, aiohttp.ClientPayloadError,
    ConnectionError,  # what aiohttp puts into the body when the line breaks
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file part: the name that the browser gave, and its bytes as they come."""

    name: str
    pieces: AsyncIterator[bytes]


class FormReader:
    """One posted form. Read `fields()` once, then `files()`.

    `values` holds what was read so far, also after an error, so that the page can give it back. `cut` names the
    fields that were longer than the limit and are kept in part.
    """

    def __init__(self, request: web.Request, limits: Mapping[str, int], idle_seconds: float) -> None:
        """Read the form of `request`; `limits` names the fields and how many bytes of each are kept.

        Nothing at all for `idle_seconds` is too slow; so is, once a form took longer than that, less than `SLOWEST`.
        """
        self._request = request
        self._limits = limits
        self._idle_seconds = idle_seconds
        self._reader: MultipartReader | None = None
        self._waiting: tuple[BodyPartReader, str, bytes] | None = None
        self._parts = 0
        self._bytes = 0
        self._waited = 0.0  # seconds for the visitor; our own sealing and sending is not theirs to pay for
        self._given_up = False
        self.values: dict[str, str] = {}
        self.cut: set[str] = set()

    async def fields(self) -> None:
        """Read every field before the first file. Raises `FormError`."""
        with _refused_as_form():
            length = self._request.content_length or 0
            if self._request.content_type != "multipart/form-data":
                message = "not a form of ours"
                raise MalformedForm(message)
            self._reader = MultipartReader(
                self._request.headers,
                self._request.content,
                max_field_size=MAX_PART_HEADER,
                max_headers=MAX_PART_HEADERS,
            )
            while (part := await self._next_part()) is not None and _field_name(part) != FILES:
                await self._read_field(part, _field_name(part))
            if length > MAX_BODY:
                message = "more than a report may be"
                raise FormTooLarge(message)
            await self._seek_file(part)

    @property
    def has_files(self) -> bool:
        """Whether a file was chosen; known once `fields` has returned."""
        return self._waiting is not None

    async def files(self) -> AsyncIterator[IncomingFile]:
        """Give every chosen file in turn; each must be read to its end before the next. Raises `FormError`."""
        count = 0
        while self._waiting is not None:
            part, name, first = self._waiting
            count += 1
            if count > MAX_FILES:
                message = "more files than a report may have"
                raise TooManyFiles(message)
            yield IncomingFile(name, self._pieces(part, first))
            with _refused_as_form():
                await self._seek_file(await self._next_part())

    async def _seek_file(self, part: BodyPartReader | None) -> None:
        """Go to the next file input in which something was chosen: empty ones are sent too, without name or bytes."""
        self._waiting = None
        while part is not None:
            if _field_name(part) != FILES:
                message = "a field after a file"
                raise MalformedForm(message)
            name, first = _file_name(part), await self._piece(part)
            if name or first:
                self._waiting = part, name, first
                return
            part = await self._next_part()

    async def discard(self) -> None:
        """Read the rest of the body to nowhere: a browser shows our answer only when it has sent everything.

        Not beyond the largest report, and not for one who is too slow: they get the answer at once, and a broken line
        if need be.
        """
        if self._given_up or (self._request.content_length or 0) > MAX_BODY:
            return
        try:
            while self._bytes <= MAX_BODY and (piece := await self._timed(self._request.content.readany())):
                self._bytes += len(piece)
                self._require_pace()
        except (TimeoutError, FormTooSlow, *_NOT_A_FORM):
            return

    async def _next_part(self) -> BodyPartReader | None:
        if self._reader is None:
            return None
        part = await self._timed(self._reader.next())
        self._parts += 1
        if part is None:
            return None
        if not isinstance(part, BodyPartReader) or self._parts > MAX_PARTS:
            message = "nested, or more parts than our forms have"
            raise MalformedForm(message)
        return part

    async def _read_field(self, part: BodyPartReader, name: str) -> None:
        if name not in self._limits or name in self.values:
            message = "a field that our forms do not have, or one twice"
            raise MalformedForm(message)
        kept = bytearray()
        self.values[name] = ""
        try:
            while piece := await self._piece(part):
                room = self._limits[name] - len(kept)
                kept += piece[:room]
                if len(piece) > room:
                    self.cut.add(name)
        finally:
            self.values[name] = kept.decode(errors="replace")

    async def _pieces(self, part: BodyPartReader, piece: bytes) -> AsyncIterator[bytes]:
        while piece:
            yield piece
            with _refused_as_form():
                piece = await self._piece(part)

    async def _piece(self, part: BodyPartReader) -> bytes:
        piece = b""
        while not piece and not part.at_eof():
            piece = await self._timed(part.read_chunk(PIECE))
        self._bytes += len(piece)
        self._require_pace()
        if self._bytes > MAX_BODY:
            message = "more than a report may be"
            raise FormTooLarge(message)
        return piece

    async def _timed(self, reading: Awaitable[Read]) -> Read:
        clock = asyncio.get_running_loop().time
        begin = clock()
        try:
            async with asyncio.timeout(self._idle_seconds):
                return await reading
        except TimeoutError:
            self._given_up = True
            raise
        finally:
            self._waited += clock() - begin

    def _require_pace(self) -> None:
        if self._bytes < (self._waited - self._idle_seconds) * SLOWEST:
            self._given_up = True
            message = "the form comes too slowly"
            raise FormDrips(message)


@contextmanager
def _refused_as_form() -> Iterator[None]:
    """Turn the many exceptions of the multipart library into ours, without their texts: those quote the stranger."""
    try:
        yield
    except TimeoutError:
        message = "nothing came for too long"
        raise FormTooSlow(message) from None
    except _NOT_A_FORM:
        message = "the form cannot be read"
        raise MalformedForm(message) from None


def _field_name(part: BodyPartReader) -> str:
    return _names(part)[0]


def _file_name(part: BodyPartReader) -> str:
    return _names(part)[1]


def _names(part: BodyPartReader) -> tuple[str, str]:
    r"""The names of field and file, spelled as browsers do (HTML, "multipart/form-data encoding algorithm").

    Other programs spell them in the ways of RFC 2183, in which a backslash escapes: read so, C:\map\foto.jpg
    would lose its folders' ends.
    """
    spelled = _AS_BROWSERS.fullmatch(part.headers.get("Content-Disposition", ""))
    if spelled:
        return _unescape(spelled[1]), _unescape(spelled[2] or "")
    with warnings.catch_warnings(action="error"):
        return part.name or "", part.filename or ""


def _unescape(name: str) -> str:
    return name.replace("%22", '"').replace("%0A", "\n").replace("%0D", "\r")
