"""A host behind the real transport interface. It keeps what the real one keeps, and a log of all that it could see.

Everything is public so that an attack is three lines: change ``bulletins``, ``boards`` or ``envelopes``, or put a
fault on the line.
"""

import collections
import enum
import hashlib
import json
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from dropbox.protocol import board_head, sizes
from dropbox.protocol.bulletin import Bulletin, verify_stored_bulletin
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import Role, RootPublicKey
from dropbox.protocol.sizes import Prefix
from dropbox.reporter.errors import TransportFailed
from dropbox.reporter.transport import Request, Response
from tests.simulators.basics import Clock, Seeded

_UPLOAD = re.compile(r"/v1/uploads/([0-9a-f]{32}|[0-9a-f]{64})(?:/(0|[1-9][0-9]{0,5}|finish|whole))?")
_BOUND = 64  # digits of a name that is bound to a content
_STATUS = {
    "bad_request": 400, "bad_chunk": 400, "unknown_upload": 404, "unknown_key": 404, "conflict": 409,
    "too_large": 413, "bad_size": 422, "bad_version": 422, "bad_day": 422, "bad_document": 422, "not_ready": 503,
    "too_many_uploads": 503, "full": 507,
}  # fmt: skip


class RefusedError(Exception):
    """What the host refuses; the code is all that the other side is told."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


class Line(enum.Enum):
    """How a request can get lost: on the way to the host, or its answer on the way back."""

    CUT_BEFORE = enum.auto()
    CUT_AFTER = enum.auto()


@dataclass(frozen=True)
class Seen:
    """What the host sees of one request that is not the sealed bytes themselves. Upload ids are fresh random bytes
    in every visit and left out here; that they are random is tested elsewhere.
    """

    method: str
    path: str
    request_bytes: int
    response_bytes: int
    status: int


@dataclass
class Unfinished:
    """An upload under way."""

    chunks: list[bytes]
    day: int
    envelope_day: int
    revision: int


@dataclass
class Held:
    """A complete envelope."""

    data: bytes
    day: int
    revision: int
    confirmed: set[bytes] = field(default_factory=set)


def content_hash(chunks: Sequence[bytes]) -> bytes:
    """The hash of section 13.2, read from the specification a second time."""
    content = bytes(32)
    for chunk in chunks:
        content = hashlib.sha256(b"dropbox/v1/upload/content\0" + content + hashlib.sha256(chunk).digest()).digest()
    return content


def bound_name(salt: bytes, chunks: Sequence[bytes]) -> str:
    """The name of an upload that is bound to these chunks, in hexadecimal digits."""
    return hashlib.sha256(b"dropbox/v1/upload/name\0" + salt + content_hash(chunks)).hexdigest()


class SimulatedHost:
    """Untrusted store of everything sealed."""

    def __init__(self, root: RootPublicKey, clock: Clock, random: Seeded | None = None) -> None:
        """An empty host that knows the root's public key."""
        self.root, self.clock, self.random = root, clock, random or Seeded("host")
        self.bulletins: dict[tuple[int, int], bytes] = {}
        self.boards: dict[bytes, bytes] = {}
        self.publication: bytes | None = None
        self.uploads: dict[str, Unfinished] = {}
        self.tombstones: dict[str, int] = {}
        self.envelopes: dict[bytes, Held] = {}
        self.log: list[Seen] = []
        self.bodies: list[bytes] = []
        self.faults: collections.deque[Line | None] = collections.deque()
        self.uploads_at_once = 64
        self.full = False

    # ------------------------------------------------------------------------------------------ reporters
    async def send(self, request: Request) -> Response:
        """One request of a reporter."""
        fault = self.faults.popleft() if self.faults else None
        if fault is Line.CUT_BEFORE:
            raise TransportFailed("cut on the way to the host")
        try:
            response = Response(200, self._answer(request))
        except RefusedError as refusal:
            response = Response(_STATUS[refusal.code], json.dumps({"error": refusal.code}).encode())
        path = re.sub(r"(?:[0-9a-f]{32}){1,2}", "{upload}", request.path)
        self.log.append(Seen(request.method, path, len(request.body), len(response.body), response.status))
        self.bodies.append(request.body)
        if fault is Line.CUT_AFTER:
            raise TransportFailed("cut on the way back")
        return response

    def _answer(self, request: Request) -> bytes:
        match request.method, request.path:
            case "GET", "/v1/bulletin":
                return self._todays()[0]
            case "GET", "/v1/boards":
                return self._boards()
            case "GET", "/v1/publication":
                if self.publication is None:
                    raise RefusedError("not_ready")
                return self.publication
        if (found := _UPLOAD.fullmatch(request.path)) is None:
            raise RefusedError("bad_request")
        return self._upload(request, found[1], found[2])

    def _todays(self) -> tuple[bytes, Bulletin]:
        revisions = [place for place in self.bulletins if place[0] == self.clock.day]
        if not revisions:
            raise RefusedError("not_ready")
        data = self.bulletins[max(revisions)]
        return data, verify_stored_bulletin(data, self.root)

    def _boards(self) -> bytes:
        names = [recipient.identity for recipient in self._todays()[1].recipients]
        found = [self.boards[name] for name in names if name in self.boards]
        if not found:
            raise RefusedError("not_ready")
        return bytes([len(found)]) + b"".join(struct.pack(">I", len(data)) + data for data in found)

    def _upload(self, request: Request, upload: str, rest: str | None) -> bytes:
        match request.method, rest:
            case "GET", None:
                return self._progress(upload)
            case "DELETE", None:
                if upload in self.tombstones:
                    raise RefusedError("conflict")
                self.uploads.pop(upload, None)
            case "POST", "finish":
                self._finish(upload, request.body)
            case "PUT", "whole" if len(upload) != _BOUND:
                self._whole(upload, request.body)
            case "PUT", str(place) if place.isdigit():
                self._chunk(upload, int(place), request.body)
            case _:
                raise RefusedError("bad_request")
        return b"{}"

    def _progress(self, upload: str) -> bytes:
        if upload in self.uploads:
            chunks = self.uploads[upload].chunks
            content = {"content": content_hash(chunks).hex()} if len(upload) == _BOUND else {}
            return json.dumps({"chunks": len(chunks), "finished": False} | content).encode()
        if upload in self.tombstones:
            return b'{"chunks": 0, "finished": true}'
        raise RefusedError("unknown_upload")

    def _chunk(self, upload: str, place: int, body: bytes) -> None:
        if len(body) > sizes.UPLOAD_CHUNK:
            raise RefusedError("too_large")
        if not body:
            raise RefusedError("bad_chunk")
        if (under_way := self.uploads.get(upload)) is None:
            self._begin(upload, place, body)
        elif place < len(under_way.chunks):
            if under_way.chunks[place] != body:
                raise RefusedError("conflict")
        elif place != len(under_way.chunks) or len(under_way.chunks[-1]) != sizes.UPLOAD_CHUNK:
            raise RefusedError("bad_chunk")
        else:
            under_way.chunks.append(body)

    def _begin(self, upload: str, place: int, body: bytes) -> None:
        if upload in self.tombstones:
            raise RefusedError("conflict")
        if place:
            raise RefusedError("unknown_upload")
        prefix = self._taken(body)
        if len(self.uploads) >= self.uploads_at_once:
            raise RefusedError("too_many_uploads")
        self.uploads[upload] = Unfinished([body], self.clock.day, prefix.day, prefix.revision)

    def _whole(self, upload: str, body: bytes) -> None:
        if len(body) > sizes.UPLOAD_CHUNK:
            raise RefusedError("too_large")
        if upload in self.uploads:
            raise RefusedError("conflict")
        if upload in self.tombstones:
            return
        prefix = self._taken(body)
        self.tombstones[upload] = self.clock.day
        self.envelopes[self.random(16)] = Held(body, prefix.day, prefix.revision)

    def _taken(self, body: bytes) -> Prefix:
        """The prefix of a first chunk that is taken."""
        try:
            prefix = Prefix.from_bytes(body[: sizes.PREFIX])
        except ProtocolError:
            raise RefusedError("bad_size" if len(body) < sizes.PREFIX else "bad_version") from None
        if len(body) not in {min(size, sizes.UPLOAD_CHUNK) for size in sizes.ENVELOPE_LADDER}:
            raise RefusedError("bad_size")
        latest = (self.clock.now + sizes.CLOCK_TOLERANCE) // sizes.DAY
        if not self.clock.day - sizes.ACCEPTED_DAYS <= prefix.day <= latest:
            raise RefusedError("bad_day")
        if (prefix.day, prefix.revision) not in self.bulletins:
            raise RefusedError("bad_day")
        if self.full:
            raise RefusedError("full")
        return prefix

    def _finish(self, upload: str, body: bytes) -> None:
        try:
            value = json.loads(body)
        except ValueError:
            raise RefusedError("bad_request") from None
        names = {"salt", "size"} if len(upload) == _BOUND else {"size"}
        if not isinstance(value, dict) or set(value) != names or type(value["size"]) is not int:
            raise RefusedError("bad_request")
        if len(upload) == _BOUND and not re.fullmatch("[0-9a-f]{32}", str(value["salt"])):
            raise RefusedError("bad_request")
        size = value["size"]
        if upload in self.tombstones:
            return
        if (under_way := self.uploads.get(upload)) is None:
            raise RefusedError("unknown_upload")
        data = b"".join(under_way.chunks)
        if size != len(data) or size not in sizes.ENVELOPE_LADDER:
            raise RefusedError("bad_size")
        del self.uploads[upload]
        if len(upload) == _BOUND and upload != bound_name(bytes.fromhex(value["salt"]), under_way.chunks):
            raise RefusedError("unknown_upload")
        self.tombstones[upload] = self.clock.day
        self.envelopes[self.random(16)] = Held(data, under_way.envelope_day, under_way.revision)

    # ------------------------------------------------------------------------------------------ the desk's side
    def put_bulletin(self, data: bytes) -> None:
        """Keeps a bulletin that verifies."""
        bulletin = verify_stored_bulletin(data, self.root)
        self.bulletins[bulletin.day, bulletin.revision] = data

    def put_board(self, recipient: bytes, data: bytes) -> None:
        """Keeps a board that verifies and is not older than the one that it has."""
        publics = self._todays()[1].keys_for(Role.BOARD)
        head = board_head.verify_board(data, publics, self.root.instance).head
        held = self.boards.get(recipient)
        if held and board_head.verify_board(held, publics, self.root.instance).head.next_due > head.next_due:
            raise RefusedError("conflict")
        self.boards[recipient] = data

    def listing(self) -> list[bytes]:
        """The random keys of all complete envelopes, sorted: by chance, not by arrival."""
        return sorted(self.envelopes)

    def fetch(self, key: bytes) -> bytes:
        """A complete envelope."""
        if key not in self.envelopes:
            raise RefusedError("unknown_key")
        return self.envelopes[key].data

    def confirm(self, recipient: bytes, keys: Sequence[bytes]) -> None:
        """Deletes what every recipient of its bulletin has."""
        for key in keys:
            if (held := self.envelopes.get(key)) is None:
                continue
            bulletin = verify_stored_bulletin(self.bulletins[held.day, held.revision], self.root)
            held.confirmed.add(recipient)
            if {entry.identity for entry in bulletin.recipients} <= held.confirmed:
                del self.envelopes[key]

    def sweep(self) -> None:
        """What happens at a fixed hour: old unfinished uploads, old tombstones, and what nobody can open any more."""
        today = self.clock.day
        self.uploads = {name: held for name, held in self.uploads.items() if today <= held.day + 1}
        self.tombstones = {name: day for name, day in self.tombstones.items() if today <= day + 2}
        last = sizes.PREKEY_LAST_DAY
        self.envelopes = {key: held for key, held in self.envelopes.items() if today <= held.day + last}
