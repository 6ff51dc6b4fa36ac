"""Reads a posted form part by part: small fields first, then files, in constant memory and never on disk."""

import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from multipart import (  # type: ignore[import-untyped]  # no types are published with it
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from dropbox.gateway.errors import (
    BrokenRequest,
    FormDrips,
    FormTooLarge,
    FormTooSlow,
    MalformedForm,
    TooManyFiles,
)
from dropbox.gateway.wire import Request
from dropbox.protocol.payload import MAX_FILES
from dropbox.protocol.sizes import ENVELOPE_MAX, GIB, KIB, MIB

MAX_BODY = ENVELOPE_MAX + 16 * MIB  # a full report, a text that is far too long, and the lines between the parts
MOST_DISCARDED = 4 * GIB  # of a form that is too large: Firefox shows no answer before it has sent everything
MAX_PARTS = 64  # our largest form has 10 fields and 20 files; empty file inputs are parts too
MAX_PART_HEADER = 64 * KIB  # one line: room for a file name of 4,000 characters of any script
MAX_PART_HEADERS = 16
MAX_BOUNDARY = 70  # characters, RFC 2046 5.1.1
SLOWEST = 2 * KIB  # bytes a second: a bad line over Tor has more; whoever drips holds a place on the host for less
FILES = "files"

_AS_BROWSERS = re.compile(r'form-data; name="([^"]*)"(?:; filename="([^"]*)")?')


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file part: the name that the browser gave, and its bytes as they come."""

    name: str
    pieces: Iterator[bytes | bytearray]


class FormReader:
    """One posted form. Read `fields()` once, then `files()`.

    `values` holds what was read so far, also after an error, so that the page can give it back. `cut` names the
    fields that were longer than the limit and are kept in part.
    """

    def __init__(
        self,
        request: Request,
        limits: Mapping[str, int],
        idle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the form of `request`; `limits` names the fields and how many bytes of each are kept.

        Nothing at all for `idle_seconds` is too slow; so is, once a form took longer than that, less than `SLOWEST`.
        """
        self._request = request
        self._limits = limits
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._parts = self._events()
        self._waiting: tuple[str, bytes | bytearray] | None = None
        self._bytes, self._most = 0, MAX_BODY
        self._waited = 0.0  # seconds for the visitor; our own sealing and sending is not theirs to pay for
        self._given_up = False
        self.values: dict[str, str] = {}
        self.cut: set[str] = set()

    def fields(self) -> None:
        """Read every field before the first file. Raises `FormError`."""
        with _refused_as_form():
            while (part := self._next_part()) is not None and part[0] != FILES:
                self._read_field(part[0])
            if self._request.length > MAX_BODY:
                message = "more than a report may be"
                raise FormTooLarge(message)
            self._seek_file(part)

    @property
    def has_files(self) -> bool:
        """Whether a file was chosen; known once `fields` has returned."""
        return self._waiting is not None

    def files(self) -> Iterator[IncomingFile]:
        """Give every chosen file in turn; each must be read to its end before the next. Raises `FormError`."""
        count = 0
        while self._waiting is not None:
            name, first = self._waiting
            count += 1
            if count > MAX_FILES:
                message = "more files than a report may have"
                raise TooManyFiles(message)
            yield IncomingFile(name, self._pieces(first))
            with _refused_as_form():
                self._seek_file(self._next_part())

    def discard(self) -> None:
        """Read the rest of the body to nowhere: a browser shows our answer only when it has sent everything.

        Not for one who is too slow, nor for one who announces more than anybody chooses by mistake: they get the answer
        at once, and a broken line if need be.
        """
        if self._given_up or self._request.length > MOST_DISCARDED:
            return
        self._most = MOST_DISCARDED
        try:
            while self._read():
                pass
        except (TimeoutError, FormTooSlow, FormTooLarge, BrokenRequest):
            return

    def _seek_file(self, part: tuple[str, str] | None) -> None:
        """Go to the next file input in which something was chosen: empty ones are sent too, without name or bytes."""
        self._waiting = None
        while part is not None:
            field, name = part
            if field != FILES:
                message = "a field after a file"
                raise MalformedForm(message)
            first = self._piece()
            if name or first:
                self._waiting = name, first
                return
            part = self._next_part()

    def _read_field(self, name: str) -> None:
        if name not in self._limits or name in self.values:
            message = "a field that our forms do not have, or one twice"
            raise MalformedForm(message)
        kept = bytearray()
        self.values[name] = ""
        try:
            while piece := self._piece():
                room = self._limits[name] - len(kept)
                kept += piece[:room]
                if len(piece) > room:
                    self.cut.add(name)
        finally:
            self.values[name] = kept.decode(errors="replace")

    def _pieces(self, piece: bytes | bytearray) -> Iterator[bytes | bytearray]:
        while piece:
            yield piece
            with _refused_as_form():
                piece = self._piece()

    def _next_part(self) -> tuple[str, str] | None:
        """The names of field and file of the next part; None after the last."""
        for event in self._parts:
            if isinstance(event, MultipartSegment):
                return _names(event)
        return None

    def _piece(self) -> bytes | bytearray:
        """The next bytes of this part; b"" at its end."""
        event = next(self._parts, None)
        return event if isinstance(event, bytes | bytearray) else b""

    def _events(self) -> Generator[MultipartSegment | bytes | bytearray | None]:
        kind, options = parse_options_header(self._request.headers.get("content-type", ""))
        boundary = options.get("boundary", "")
        if kind != "multipart/form-data" or not 0 < len(boundary) <= MAX_BOUNDARY:
            message = "not a form of ours"
            raise MalformedForm(message)
        parser = PushMultipartParser(
            boundary,
            max_header_size=MAX_PART_HEADER,
            max_header_count=MAX_PART_HEADERS,
            max_segment_count=MAX_PARTS,
        )
        while piece := self._read():
            yield from parser.parse(piece)
        parser.close()

    def _read(self) -> bytes:
        begin = self._clock()
        try:
            piece = self._request.read(self._idle_seconds)
        except TimeoutError:
            self._given_up = True
            raise
        finally:
            self._waited += self._clock() - begin
        self._bytes += len(piece)
        if self._bytes > self._most:
            message = "more than a report may be"
            raise FormTooLarge(message)
        if self._bytes < (self._waited - self._idle_seconds) * SLOWEST:
            self._given_up = True
            message = "the form comes too slowly"
            raise FormDrips(message)
        return piece


@contextmanager
def _refused_as_form() -> Iterator[None]:
    """Turn the exceptions of line and library into ours, without their texts: those quote the stranger."""
    try:
        yield
    except TimeoutError:
        message = "nothing came for too long"
        raise FormTooSlow(message) from None
    except (MultipartError, BrokenRequest, ValueError):
        message = "the form cannot be read"
        raise MalformedForm(message) from None


def _names(part: MultipartSegment) -> tuple[str, str]:
    r"""The names of field and file, spelled as browsers do (HTML, "multipart/form-data encoding algorithm").

    Other programs spell them in the ways of RFC 2183, in which a backslash escapes: read so, C:\map\foto.jpg
    would lose its folders' ends.
    """
    spelled = _AS_BROWSERS.fullmatch(part.header("Content-Disposition", ""))
    field, file = (spelled[1], spelled[2]) if spelled else (part.name, part.filename)
    names = _unescape(field or ""), _unescape(file or "")
    if "\0" in names[0] + names[1]:
        message = "a name that no browser sends"
        raise MalformedForm(message)
    return names


def _unescape(name: str) -> str:
    return name.replace("%22", '"').replace("%0A", "\n").replace("%0D", "\r")
