"""The other side of the gateway: a bureau with real keys, and an intake in memory behind the transport interface."""

import json
import os
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from dropbox.protocol import board, sizes
from dropbox.protocol.board_head import BoardHead, append_signature
from dropbox.protocol.bulletin import DAILY, Bulletin, Recipient, sign_bulletin
from dropbox.protocol.documents import Json, read_document
from dropbox.protocol.keys import Role, certificate_from_document
from dropbox.protocol.opening import EnvelopeReader
from dropbox.protocol.payload import FileBegin, FileData, FileEnd, Head, Message
from dropbox.protocol.publication import Publication, sign_publication
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.reply import Note, encode_note
from dropbox.protocol.secret_keys import RootSecretKey, SigningKey, XWingSecretKey
from dropbox.protocol.thread import Link, ReplyKeys, ReporterKeys, next_chain, seal_record
from dropbox.reporter.errors import TransportFailed
from dropbox.reporter.transport import Request, Response
from tests.simulators.host import bound_name, content_hash

NOW = 1_795_500_000  # in November 2026
PERIOD = 3600
BOUND = 64  # digits of a name that is bound to a content


@dataclass
class Opened:
    """An envelope as the bureau reads it."""

    head: Head
    message: Message
    files: list[tuple[str, bytes]]
    authentic: bool


@dataclass
class Thread:
    """A dialogue that the bureau answers in."""

    keys: ReplyKeys
    chain: bytes
    number: int = 0
    live: list[tuple[bytes, int, bytes]] = field(default_factory=list)


class Bureau:
    """One desk with one recipient."""

    def __init__(self, now: int = NOW) -> None:
        self.now, self.day = now, now // sizes.DAY
        self.root = RootSecretKey.generate(os.urandom)
        self.signing = {
            role: SigningKey.generate(role, os.urandom) for role in (Role.BULLETIN, Role.BOARD, Role.PUBLICATION)
        }
        self.recipient = os.urandom(16)
        self.prekey = XWingSecretKey.generate(os.urandom)
        self.threads: dict[bytes, Thread] = {}
        certificates = [
            self.root.certify(role, key.public, self.day - 5, self.day + 60) for role, key in self.signing.items()
        ]
        documents: list[Json] = [json.loads(data) for data in certificates]
        self.bulletin = Bulletin(
            instance=self.root.public.instance,
            day=self.day,
            revision=0,
            kind=DAILY,
            certificates=tuple(
                certificate_from_document(read_document(data, "certificate", limit=4096), self.root.public)
                for data in certificates
            ),
            certificate_documents=tuple(documents),
            recipients=(Recipient(self.recipient, self.prekey.public),),
            board_period=PERIOD,
            browser_bundle="",
            previous=bytes(32),
        )

    def signed_bulletin(self) -> bytes:
        return sign_bulletin(self.bulletin, self.signing[Role.BULLETIN].sign)

    def changed(self, **changes: object) -> "Bureau":
        """The same bureau with another bulletin, signed by the same keys."""
        made = Bureau(self.now)
        made.__dict__.update(self.__dict__)
        made.bulletin = replace(self.bulletin, **changes)  # type: ignore[arg-type]  # any field
        return made

    def joined_by(self, others: int, **changes: object) -> "Bureau":
        """The same bureau with so many further recipients, whose keys nobody keeps."""
        more = [Recipient(os.urandom(16), XWingSecretKey.generate(os.urandom).public) for _ in range(others)]
        return self.changed(recipients=(*self.bulletin.recipients, *more), **changes)

    def publication(self, **values: object) -> bytes:
        usual = {"sequence": 1, "issued_day": self.day, "valid_until_day": self.day + 30,
                 "mailboxes_read_day": self.day - 1}  # fmt: skip
        body = Publication(instance=self.bulletin.instance, **usual | values)  # type: ignore[arg-type]  # any field
        return sign_publication(body, self.signing[Role.PUBLICATION].sign)

    def open(self, envelope: bytes) -> Opened:
        reader = EnvelopeReader(self.bulletin, self.recipient, self.prekey)
        events = [*reader.feed(envelope), *reader.finish()]
        head = next(event for event in events if isinstance(event, Head))
        message = next(event for event in events if isinstance(event, Message))
        files: list[tuple[str, bytes]] = []
        for event in events:
            if isinstance(event, FileBegin):
                files.append((event.name, b""))
            elif isinstance(event, FileData):
                files[-1] = (files[-1][0], files[-1][1] + event.data)
            elif isinstance(event, FileEnd):
                assert event.size == len(files[-1][1])
        if head.first:
            keys = head.reply_keys[0]
            self.threads.setdefault(head.thread_id, Thread(keys, keys.chain))
        auth = head.auth or ReporterKeys.derive(self._receipt, self.bulletin.instance).auth
        return Opened(head, message, files, reader.authentic(auth))

    _receipt = Receipt(bytes(15))  # of the thread whose later messages are opened; set by `knows`

    def knows(self, receipt: Receipt) -> None:
        self._receipt = receipt

    def reply(self, thread_id: bytes, note: Note, day: int | None = None) -> None:
        thread = self.threads[thread_id]
        for body in encode_note(note, self.day if day is None else day):
            link = Link(thread.number, thread.chain)
            thread.chain, thread.number = next_chain(thread.chain), thread.number + 1
            inner = seal_record(thread.keys, self.bulletin.instance, link, body, os.urandom)
            thread.live.append((thread.keys.tag_key, link.number, inner))

    def boards(self, issued: int | None = None) -> bytes:
        """What intake serves: one board, issued at `issued` (Unix seconds)."""
        issued = self.now if issued is None else issued
        head = BoardHead(
            self.bulletin.instance, self.recipient, os.urandom(16), issued // sizes.DAY, issued + PERIOD,
            issued + 40 * sizes.DAY, self.bulletin.hash, 64,
        )  # fmt: skip
        live = [record for thread in self.threads.values() for record in thread.live]
        unsigned = board.assemble(head, live, os.urandom)
        signed = append_signature(unsigned, self.signing[Role.BOARD].sign(unsigned))
        return b"\x01" + len(signed).to_bytes(4, "big") + signed


def ciphertexts(envelope: bytes) -> list[str]:
    """The X-Wing ciphertext of each slot: random to everybody, so that the host would know one again."""
    starts = range(sizes.PREFIX, sizes.HEADER, sizes.SLOT)
    return [envelope[start : start + sizes.XWING_CIPHERTEXT].hex() for start in starts]


class SimulatedIntake:
    """Intake's reporters' interface in memory. `fault` is asked before every request and may answer in its place."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau
        self.static = {
            "/v1/bulletin": bureau.signed_bulletin(),
            "/v1/boards": bureau.boards(),
            "/v1/publication": bureau.publication(),
        }
        self.uploads: dict[str, bytearray] = {}
        self.chunks: dict[str, int] = {}
        self.finished: dict[str, bytes] = {}
        self.seen: list[Request] = []
        self.away = False
        self.refuse: tuple[str, str, int] | None = None  # (method, error code, status)
        self.not_ready = 0  # so many requests of uploads find the store away
        self.after_the_end = ""  # the answer to finish is lost, and later ones about the upload have this code
        self.instead: dict[str, Response] = {}  # by path
        self.keep = True
        self.began, self.cancelled = threading.Event(), threading.Event()
        self.lose_at = ""  # the path before which an upload under it is gone, once
        self.takes = 0  # so many chunks of an upload; for more the store is away
        self.breaks_after = 0  # the line breaks once, after so many chunks were stored, before the answer

    @property
    def envelopes(self) -> list[bytes]:
        return list(self.finished.values())

    def issue(self) -> None:
        self.static["/v1/boards"] = self.bureau.boards()

    async def send(self, request: Request) -> Response:
        self.seen.append(request)
        if self.away:
            raise TransportFailed("away")
        if self.refuse and request.method == self.refuse[0]:
            return Response(self.refuse[2], json.dumps({"error": self.refuse[1]}).encode())
        if request.path in self.instead:
            return self.instead[request.path]
        if request.method == "GET" and request.path in self.static:
            return Response(200, self.static[request.path])
        found = re.fullmatch(r"/v1/uploads/([0-9a-f]{32}|[0-9a-f]{64})(/\d+|/finish|/whole)?", request.path)
        assert found, request.path
        if self.lose_at and request.path == self.lose_at:
            self.lose_at = ""
            self.uploads.pop(found[1], None)
        if self.not_ready or (self.takes and found[2] == f"/{self.takes}"):
            self.not_ready = max(0, self.not_ready - 1)
            return Response(503, b'{"error": "not_ready"}')
        if self.after_the_end and found[1] in self.finished:
            return Response(503, json.dumps({"error": self.after_the_end}).encode())
        response = self._upload(request, found[1], found[2] or "")
        if self.after_the_end and found[2] in {"/finish", "/whole"}:
            raise TransportFailed("the answer was lost")
        return response

    def _upload(self, request: Request, name: str, rest: str) -> Response:
        if len(name) == BOUND:
            code, answer = self._bound(request, name, rest)
            return Response(code, json.dumps(answer).encode())
        if request.method == "DELETE":
            self.uploads.pop(name, None)
            self.cancelled.set()
        elif rest == "/whole":
            assert len(request.body) in sizes.ENVELOPE_LADDER
            assert len(request.body) <= sizes.UPLOAD_CHUNK
            assert name not in self.chunks
            self.finished.setdefault(name, request.body)
        elif request.method == "PUT":
            chunk = int(rest[1:])
            assert chunk == self.chunks.get(name, 0)
            assert 0 < len(request.body) <= sizes.UPLOAD_CHUNK
            self.chunks[name] = chunk + 1
            self.began.set()
            if self.keep:
                self.uploads.setdefault(name, bytearray()).extend(request.body)
            if chunk + 1 == self.breaks_after:
                raise TransportFailed("broken once")
        elif request.method == "POST":
            size = json.loads(request.body)["size"]
            body = bytes(self.uploads.pop(name, b""))
            assert not self.keep or (len(body) == size and size in sizes.ENVELOPE_LADDER)
            self.finished[name] = body
        else:
            answer = {"chunks": self.chunks.get(name, 0), "finished": name in self.finished}
            return Response(200, json.dumps(answer).encode())
        return Response(200, b"{}")

    def _bound(  # noqa: PLR0911 - one way out for each request
        self, request: Request, name: str, rest: str
    ) -> tuple[int, dict[str, object]]:
        """An upload whose name is bound to a content, with all that is refused of one."""
        held = self.uploads.get(name)
        chunks = [bytes((held or b"")[at : at + sizes.MIB]) for at in range(0, len(held or b""), sizes.MIB)]
        match request.method:
            case "DELETE" if name not in self.finished:
                self.uploads.pop(name, None)
                self.cancelled.set()
            case "PUT" if name not in self.finished:
                return self._bound_chunk(name, chunks, int(rest[1:]), request.body)
            case "POST" if name not in self.finished and held is not None:
                said = json.loads(request.body)
                del self.uploads[name]
                assert said["size"] == len(held)
                if bound_name(bytes.fromhex(said["salt"]), chunks) != name:
                    return 404, {"error": "unknown_upload"}
                self.finished[name] = bytes(held)
            case "GET" if held is not None:
                return 200, {"chunks": len(chunks), "finished": False, "content": content_hash(chunks).hex()}
            case "GET" if name in self.finished:
                return 200, {"chunks": 0, "finished": True}
            case "GET" | "POST" if name not in self.finished:
                return 404, {"error": "unknown_upload"}
            case "PUT" | "DELETE":
                return 409, {"error": "conflict"}
        return 200, {}

    def _bound_chunk(self, name: str, chunks: list[bytes], place: int, body: bytes) -> tuple[int, dict[str, object]]:
        if place < len(chunks):
            return (200, {}) if chunks[place] == body else (409, {"error": "conflict"})
        if place > len(chunks):
            return (400, {"error": "bad_chunk"}) if chunks else (404, {"error": "unknown_upload"})
        self.uploads.setdefault(name, bytearray()).extend(body)
        self.began.set()
        if place + 1 == self.breaks_after:
            self.breaks_after = 0
            raise TransportFailed("broken once")
        return 200, {}


def receipts_of(text: str) -> Iterable[str]:
    """The twelve words in a page's hidden field."""
    return re.findall(r'name="receipt" value="([a-z ]+)"', text)
