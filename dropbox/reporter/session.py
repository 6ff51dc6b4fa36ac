"""What a visit asks of the host, as tables without I/O.

A reading visit fetches bulletin, boards and publication, always all of them and in this order, whatever the receipt.
A sending visit fetches the bulletin and uploads one envelope, whether it is the first message or a later one.  So the
host sees the same requests for 0, 1 and 8 replies, and for a first and a later message.

An upload goes through these states; a broken line, or a host whose store is away for a moment, leads to ``ASKING``
from ``SENDING`` and ``FINISHING``.  The one request of ``WHOLE`` is made again: a second time it changes nothing.

    SENDING --all fits in one chunk, none sent--> WHOLE --done--> DONE
    SENDING --chunk stored--> SENDING --all stored, size known--> FINISHING --done--> DONE
    ASKING --host says how many chunks it has--> SENDING (from there) or DONE
"""

from __future__ import annotations

import enum
import json
from collections import deque

from dropbox.protocol import sizes
from dropbox.protocol.upload_name import UploadName
from dropbox.reporter.errors import (
    HostFull,
    HostNotReady,
    HostRefused,
    UploadLost,
    UploadTaken,
    VisitError,
    WrongDay,
)
from dropbox.reporter.transport import Request, Response

BULLETIN = Request("GET", "/v1/bulletin")
BOARDS = Request("GET", "/v1/boards")
PUBLICATION = Request("GET", "/v1/publication")

OK = 200
CONFLICT = 409
_SMALL = 4 * sizes.KIB  # a piece of ciphertext that is kept together with its neighbours
MAX_ANSWER = 1024  # bytes of an answer that is neither bulletin, board nor publication
_ERROR_OF_CODE: dict[str, type[VisitError]] = {
    "full": HostFull,
    "too_many_uploads": HostFull,
    "not_ready": HostNotReady,
    "unknown_upload": UploadLost,
    "conflict": UploadTaken,
    "bad_day": WrongDay,
}


def body_of(response: Response) -> bytes:
    """The body of a good answer.  Raises the error that the host's fixed code stands for."""
    if response.status == OK:
        return response.body
    code = _answer(response.body).get("error")
    error = _ERROR_OF_CODE.get(code, HostRefused) if isinstance(code, str) else HostRefused
    raise error("the host refused the request")


def _answer(body: bytes) -> dict[str, object]:
    """A short JSON object from the host; an empty one for whatever else it sent."""
    try:
        value = json.loads(body[:MAX_ANSWER])
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def progress_of(body: bytes) -> tuple[int, bool]:
    """How many chunks of an upload the host has committed, and whether it is finished.  Raises ``HostRefused``."""
    answer = _answer(body)
    chunks, finished = answer.get("chunks"), answer.get("finished")
    if not isinstance(chunks, int) or isinstance(chunks, bool) or not isinstance(finished, bool):
        raise HostRefused("the host's answer has another form")
    return chunks, finished


def content_of(body: bytes) -> bytes:
    """The hash of what the host has of an upload whose name is bound to its content.  Raises ``HostRefused``."""
    content = _answer(body).get("content")
    try:
        return bytes.fromhex(content) if isinstance(content, str) else b""
    except ValueError:
        raise HostRefused("the host's answer has another form") from None


def asking(name: UploadName) -> Request:
    """What asks how far an upload is."""
    return Request("GET", f"/v1/uploads/{name.name.hex()}")


class UploadState(enum.Enum):
    """Where an upload is."""

    SENDING = enum.auto()
    WHOLE = enum.auto()
    ASKING = enum.auto()
    FINISHING = enum.auto()
    DONE = enum.auto()


class _Held:
    """Ciphertext that the host has not confirmed, cut into chunks as it comes: most bytes are copied once."""

    def __init__(self) -> None:
        self.size = 0  # of all of it, in bytes
        self._chunks: deque[bytes] = deque()  # whole ones
        self._parts: list[bytes | bytearray] = []  # of the next one

    def add(self, data: bytes) -> None:
        while data:
            missing = sizes.UPLOAD_CHUNK - self.size % sizes.UPLOAD_CHUNK
            part, data = data[:missing], data[missing:]
            self._keep(part)
            self.size += len(part)
            if len(part) == missing:
                self._chunks.append(b"".join(self._parts))
                self._parts = []

    def _keep(self, data: bytes) -> None:
        """Small pieces go together: each object costs some 60 bytes, and a stranger may send a file byte by byte."""
        if len(data) >= _SMALL:
            self._parts.append(data)
        elif self._parts and isinstance(self._parts[-1], bytearray):
            self._parts[-1] += data
        else:
            self._parts.append(bytearray(data))

    def first(self) -> bytes:
        """The first chunk; what there is of it while it is not whole."""
        return self._chunks[0] if self._chunks else b"".join(self._parts)

    def drop(self, chunks: int) -> None:
        """Forget so many from the beginning; the last one may not be whole."""
        for _ in range(chunks):
            if self._chunks:
                self.size -= len(self._chunks.popleft())
            else:
                self.size, self._parts = 0, []


class Upload:
    """One envelope on its way: a small one whole, any other in chunks of exactly 1 MiB but the last.

    One whose name is bound to its content goes in chunks whatever its size.

    The caller adds ciphertext, and sends what ``next_request`` gives until it gives None, handing each answer to
    ``receive``.  Only chunks that the host has not confirmed are held: at most two while the caller keeps pace.
    """

    def __init__(self, name: bytes | UploadName, confirmed: int = 0) -> None:
        self._salt = name.salt if isinstance(name, UploadName) else b""
        self._path = f"/v1/uploads/{(name.name if isinstance(name, UploadName) else name).hex()}"
        self._held = _Held()
        self._confirmed = confirmed  # chunks that the host has committed
        self._on_its_way = 0  # chunks that were sent and not answered: one or none
        self._total: int | None = None
        self.state = UploadState.SENDING

    def add(self, ciphertext: bytes) -> None:
        """More of the envelope."""
        self._held.add(ciphertext)

    def end(self, size: int) -> None:
        """All of the envelope was added; ``size`` is its length."""
        self._total = size
        self._settle()

    @property
    def chunk_ready(self) -> bool:
        """Whether a chunk waits to be sent that is not the whole envelope: more than one is there.

        One that is on its way does not count: meanwhile the next is sealed.
        """
        return self._held.size > (1 + self._on_its_way) * sizes.UPLOAD_CHUNK

    @property
    def ending(self) -> bool:
        """Whether the next request, once it has arrived, makes the envelope visible to the bureau."""
        return self.state in (UploadState.WHOLE, UploadState.FINISHING)

    def cancel_request(self) -> Request:
        """What takes an unfinished upload back."""
        return Request("DELETE", self._path)

    def interrupted(self) -> None:
        """The line broke: ask the host how far it got, or send the whole again."""
        self._on_its_way = 0
        if self.state not in (UploadState.WHOLE, UploadState.DONE):
            self.state = UploadState.ASKING

    def next_request(self) -> Request | None:
        """What to send now, or None when more ciphertext is needed or all is done."""
        match self.state:
            case UploadState.DONE:
                return None
            case UploadState.ASKING:
                return Request("GET", self._path)
            case UploadState.WHOLE:
                return Request("PUT", f"{self._path}/whole", self._held.first())
            case UploadState.FINISHING:
                return Request("POST", f"{self._path}/finish", json.dumps(self._end()).encode())
            case UploadState.SENDING:
                chunk = self._held.first()
                if len(chunk) < sizes.UPLOAD_CHUNK and (self._total is None or not chunk):
                    return None
                self._on_its_way = 1
                return Request("PUT", f"{self._path}/{self._confirmed}", chunk)

    def receive(self, response: Response) -> None:
        """The answer to what ``next_request`` gave.  Raises ``VisitError`` of some kind.

        ``HostNotReady`` changes nothing: it is a broken line by another name, see ``interrupted``.
        """
        self._on_its_way = 0
        try:
            body = body_of(response)
        except UploadLost:
            if self.state is not UploadState.ASKING or self._confirmed:
                raise
            body = b'{"chunks": 0, "finished": false}'  # the line broke before the first chunk had arrived
        match self.state:
            case UploadState.SENDING:
                self._drop(1)
            case UploadState.ASKING:
                self._resume(body)
            case UploadState.WHOLE | UploadState.FINISHING:
                self._held = _Held()
                self.state = UploadState.DONE
            case UploadState.DONE:
                raise HostRefused("an answer to nothing")
        self._settle()

    def _end(self) -> dict[str, object]:
        return {"size": self._total} | ({"salt": self._salt.hex()} if self._salt else {})

    def _settle(self) -> None:
        if self.state is not UploadState.SENDING or self._total is None:
            return
        if not self._held.size:
            self.state = UploadState.FINISHING
        elif not self._salt and not self._confirmed and self._held.size <= sizes.UPLOAD_CHUNK:
            self.state = UploadState.WHOLE

    def _drop(self, chunks: int) -> None:
        self._held.drop(chunks)
        self._confirmed += chunks

    def _resume(self, body: bytes) -> None:
        chunks, finished = progress_of(body)
        if finished:
            if self._total is None or self._held.size:
                raise HostRefused("the host calls finished what was not sent to its end")
            self.state = UploadState.DONE
            return
        if not self._confirmed <= chunks <= self._confirmed + -(-self._held.size // sizes.UPLOAD_CHUNK):
            raise UploadLost("the host has another part of this upload than was sent")
        self._drop(chunks - self._confirmed)
        self.state = UploadState.SENDING
