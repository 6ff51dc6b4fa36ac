"""The frames inside an envelope (docs/protocol.md, section 8): one head, one message, files, an end, zeros.

Written and read in one pass with constant memory; the sizes of files need not be known in advance.
"""

from __future__ import annotations

import enum
import hashlib
import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dropbox.protocol import documents, labels, padding, primitives, sizes
from dropbox.protocol.documents import written_size
from dropbox.protocol.errors import DoesNotOpen, Malformed, TooLong, UnknownVersion
from dropbox.protocol.file_names import FILE_NAME_LIMIT, clean_file_name, read_file_name
from dropbox.protocol.reply import ANSWER_LIMIT, QUESTION_ID
from dropbox.protocol.thread import ReplyKeys

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAME = struct.Struct(">BI")
FILE_PIECE = 64 * sizes.KIB
HEAD_LIMIT = 2 * sizes.KIB
FILE_NAME_BEGIN = 1024  # bytes of the frame that carries it; JSON escapes make it longer
MAX_FILES = 20
_FILE_END = struct.Struct(f">{sizes.SHA256}sQ")

# Limits of what people write, in the bytes that it takes in the message frame (``written_size``).  Together with the
# head of a first message to four recipients they fit the smallest envelope: a test fills one to the brim.
TEXT_LIMIT = 8_000
FIELD_LIMIT = 1_000
CATEGORY_LIMIT = 64
LANGUAGE_LIMIT = 16
MAX_ANSWERS = 4


class Frame(enum.IntEnum):
    """The kinds of frame."""

    HEAD = 1
    MESSAGE = 2
    FILE_BEGIN = 3
    FILE_DATA = 4
    FILE_END = 5
    END = 6


@dataclass(frozen=True)
class Head:
    """Which dialogue this belongs to.  ``reply_keys`` is there in a first message and empty in a later one.

    ``message_id`` is random and made with the form: the same report sent twice has it twice.
    """

    thread_id: bytes = field(repr=False)
    message_id: bytes
    auth: bytes = field(repr=False)
    reply_keys: tuple[ReplyKeys, ...] = ()

    def __post_init__(self) -> None:
        if len(self.thread_id) != sizes.THREAD_ID or len(self.message_id) != sizes.MESSAGE_ID:
            raise Malformed("a thread and a message are named by 16 bytes each")
        if len(self.reply_keys) > sizes.SLOTS:
            raise Malformed("reply keys for more recipients than there are slots")
        if len({keys.recipient for keys in self.reply_keys}) != len(self.reply_keys):
            raise Malformed("a recipient has one set of reply keys")
        if len(self.auth) != (sizes.SYMMETRIC_KEY if self.reply_keys else 0):
            raise Malformed("the authentication key travels with the reply keys, and only with them")

    @property
    def first(self) -> bool:
        """Whether the message brings the keys of its thread."""
        return bool(self.reply_keys)


@dataclass(frozen=True)
class Message:
    """What a reporter wrote.  Texts are bounded by ``written_size``; ``ongoing`` is yes, no, unsure or empty."""

    text: str
    category: str = ""
    ongoing: str = ""
    keep_from: str = ""
    language: str = ""
    answers: tuple[tuple[bytes, str], ...] = ()  # (question's 8 bytes, the answer chosen)

    def __post_init__(self) -> None:
        if written_size(self.text) > TEXT_LIMIT or written_size(self.keep_from) > FIELD_LIMIT:
            raise TooLong("a text is longer than its field may be")
        if written_size(self.category) > CATEGORY_LIMIT or written_size(self.language) > LANGUAGE_LIMIT:
            raise TooLong("a text is longer than its field may be")
        documents.choice(self.ongoing, ("", "yes", "no", "unsure"))
        if len(self.answers) > MAX_ANSWERS:
            raise TooLong("more answers than questions can be open")
        for question, answer in self.answers:
            if written_size(answer) > ANSWER_LIMIT:
                raise TooLong("an answer is longer than those that can be offered")
            if len(question) != QUESTION_ID:
                raise Malformed("a question is named by 8 bytes")


def _frame(kind: Frame, body: bytes) -> bytes:
    return _FRAME.pack(kind, len(body)) + body


def _head_json(head: Head) -> documents.Json:
    value: documents.Json = {
        "id": head.message_id.hex(),
        "kind": "first" if head.first else "later",
        "thread": head.thread_id.hex(),
        "version": 1,
    }
    if head.first:
        value["auth"] = documents.to_base64(head.auth)
        value["replies"] = [
            {
                "chain": documents.to_base64(keys.chain),
                "public": documents.to_base64(keys.public),
                "recipient": keys.recipient.hex(),
                "tag": documents.to_base64(keys.tag_key),
            }
            for keys in head.reply_keys
        ]
    return value


def _message_json(message: Message) -> documents.Json:
    return {
        "answers": [{"answer": answer, "question": question.hex()} for question, answer in message.answers],
        "category": message.category,
        "keep_from": message.keep_from,
        "language": message.language,
        "ongoing": message.ongoing,
        "text": message.text,
    }


MESSAGE_LIMIT = TEXT_LIMIT + FIELD_LIMIT + 3 * sizes.KIB


_NOT_TYPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # categories Cc and Cs but tab and line end


def clean_text(text: str) -> str:
    """A typed text with one kind of line end and without control characters, which nobody types on purpose."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _NOT_TYPED.sub("", text).strip()


def message_mac(auth: bytes, header_hash: bytes, frames_hash: bytes) -> bytes:
    """The MAC of a message.  The bureau knows the key as well: it convinces the bureau and nobody else."""
    return primitives.hmac_sha256(auth, labels.MESSAGE_MAC, header_hash, frames_hash)


class FrameWriter:
    """Writes the frames of one message in order and hashes them.  ``header_hash`` is of prefix and slots."""

    def __init__(self, auth: bytes, header_hash: bytes) -> None:
        self._auth, self._header_hash = auth, header_hash
        self._hash = hashlib.sha256()
        self._file: hashlib._Hash | None = None
        self._file_size = 0
        self._piece = bytearray()
        self.files = 0

    def _write(self, kind: Frame, body: bytes) -> bytes:
        frame = _frame(kind, body)
        self._hash.update(primitives.sha256(frame))  # of hashes: see section 8.3 why
        return frame

    def begin(self, head: Head, message: Message) -> bytes:
        """The first two frames.  Called once, before anything else."""
        return self._write(Frame.HEAD, documents.encode(_head_json(head))) + self._write(
            Frame.MESSAGE, documents.encode(_message_json(message))
        )

    def begin_file(self, name: str) -> bytes:
        """Starts a file; its name is cleaned.  Raises ``TooLong`` beyond 20 files."""
        if self.files == MAX_FILES:
            raise TooLong("a report has 20 files at most")
        self.files += 1
        self._file, self._file_size = hashlib.sha256(), 0
        return self._write(Frame.FILE_BEGIN, documents.encode({"name": clean_file_name(name)}))

    def file_data(self, data: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """The frames that this completes, of exactly 64 KiB: how the network cut a file does not show in them."""
        if self._file is None:
            raise ValueError("no file was begun")
        self._file_size += len(data)
        view = memoryview(data)
        if self._piece:
            missing = FILE_PIECE - len(self._piece)
            self._piece += view[:missing]
            view = view[missing:]
            if len(self._piece) < FILE_PIECE:
                return
            yield self._take_piece(self._file)
        whole = len(view) - len(view) % FILE_PIECE
        for at in range(0, whole, FILE_PIECE):
            yield self._write_piece(self._file, bytes(view[at : at + FILE_PIECE]))
        self._piece += view[whole:]

    def _take_piece(self, file: hashlib._Hash) -> bytes:
        frame = self._write_piece(file, bytes(self._piece))
        primitives.wipe(self._piece)
        self._piece.clear()
        return frame

    def _write_piece(self, file: hashlib._Hash, piece: bytes) -> bytes:
        file.update(primitives.sha256(piece))
        return self._write(Frame.FILE_DATA, piece)

    def end_file(self) -> bytes:
        """Ends the file: what is left of it, the hash of its pieces' hashes, and its size."""
        if self._file is None:
            raise ValueError("no file was begun")
        rest = self._take_piece(self._file) if self._piece else b""
        body = _FILE_END.pack(self._file.digest(), self._file_size)
        self._file = None
        return rest + self._write(Frame.FILE_END, body)

    def end(self) -> bytes:
        """The last frame, with the MAC over all the others.  Zeros follow."""
        if self._file is not None:
            raise ValueError("a file was not ended")
        return _frame(Frame.END, message_mac(self._auth, self._header_hash, self._hash.digest()))


@dataclass(frozen=True)
class FileBegin:
    """A file starts."""

    name: str


@dataclass(frozen=True)
class FileData:
    """A piece of the file that was begun: 64 KiB, the last one 1 byte to 64 KiB."""

    data: bytes = field(repr=False)


@dataclass(frozen=True)
class FileEnd:
    """The file is whole: its hash was right."""

    size: int


@dataclass(frozen=True)
class End:
    """All frames were read.  ``mac`` is still to be compared with ``message_mac(auth, header_hash, frames_hash)``.

    ``content_hash`` is over the message, and the names, hashes and sizes of the files: the same for the same form sent
    twice, whatever the head brings.
    """

    mac: bytes
    frames_hash: bytes
    content_hash: bytes


Event = Head | Message | FileBegin | FileData | FileEnd | End

# What may follow what.
_NEXT: dict[Frame | None, frozenset[Frame]] = {
    None: frozenset({Frame.HEAD}),
    Frame.HEAD: frozenset({Frame.MESSAGE}),
    Frame.MESSAGE: frozenset({Frame.FILE_BEGIN, Frame.END}),
    Frame.FILE_BEGIN: frozenset({Frame.FILE_DATA, Frame.FILE_END}),
    Frame.FILE_DATA: frozenset({Frame.FILE_DATA, Frame.FILE_END}),
    Frame.FILE_END: frozenset({Frame.FILE_BEGIN, Frame.END}),
    Frame.END: frozenset(),
}
_CONTENT = frozenset({Frame.MESSAGE, Frame.FILE_BEGIN, Frame.FILE_END})
_LIMIT = {
    Frame.HEAD: HEAD_LIMIT,
    Frame.MESSAGE: MESSAGE_LIMIT,
    Frame.FILE_BEGIN: FILE_NAME_BEGIN,
    Frame.FILE_DATA: FILE_PIECE,
    Frame.FILE_END: _FILE_END.size,
    Frame.END: sizes.SHA256,
}


class FrameReader:
    """Reads frames from pieces of any length.  Nothing that it gives counts before ``close`` has returned."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._hash = hashlib.sha256()
        self._content = hashlib.sha256()
        self._last: Frame | None = None
        self._file = hashlib.sha256()
        self._file_size = 0
        self._file_ending = False  # a piece shorter than 64 KiB was read: it is the file's last
        self._files = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that these bytes complete.  Raises ``Malformed``, ``UnknownVersion`` or ``TooLong``."""
        self._buffer += data
        while (frame := self._next_frame()) is not None:
            yield self._event(*frame)
        if self._last is Frame.END:
            padding.require_zeros(self._buffer)
            self._buffer.clear()

    def _next_frame(self) -> tuple[Frame, bytes] | None:
        """Takes the next frame from the buffer once all of it is there; the end is the last one."""
        if self._last is Frame.END or len(self._buffer) < _FRAME.size:
            return None
        number, length = _FRAME.unpack_from(self._buffer)
        kind = self._allowed(number, length)
        end = _FRAME.size + length
        if len(self._buffer) < end:
            return None
        frame = bytes(self._buffer[:end])
        del self._buffer[:end]
        if kind is not Frame.END:
            self._hash.update(primitives.sha256(frame))
        if kind in _CONTENT:
            self._content.update(frame)
        self._last = kind
        return kind, frame[_FRAME.size :]

    def close(self) -> None:
        """Raises ``Malformed`` when the end is missing."""
        if self._last is not Frame.END:
            raise Malformed("a payload without its end")

    def _allowed(self, number: int, length: int) -> Frame:
        if number not in set(Frame):
            raise UnknownVersion("a kind of frame that is not in this version")
        kind = Frame(number)
        if kind not in _NEXT[self._last]:
            raise Malformed("frames in an order that has no meaning")
        if length > _LIMIT[kind]:
            raise TooLong("a frame longer than its kind may be")
        return kind

    def _event(self, kind: Frame, body: bytes) -> Event:
        match kind:
            case Frame.HEAD:
                return _read_head(body)
            case Frame.MESSAGE:
                return _read_message(body)
            case Frame.FILE_BEGIN:
                return self._begin_file(body)
            case Frame.FILE_DATA:
                return self._file_data(body)
            case Frame.FILE_END:
                return self._end_file(body)
            case Frame.END:
                if len(body) != sizes.SHA256:
                    raise Malformed("an end without its MAC")
                return End(body, self._hash.digest(), self._content.digest())

    def _begin_file(self, body: bytes) -> FileBegin:
        self._files += 1
        if self._files > MAX_FILES:
            raise TooLong("a report has 20 files at most")
        name = documents.fields(documents.decode(body, limit=FILE_NAME_BEGIN), ("name",))["name"]
        self._file, self._file_size, self._file_ending = hashlib.sha256(), 0, False
        return FileBegin(read_file_name(documents.text(name, FILE_NAME_LIMIT)))

    def _file_data(self, body: bytes) -> FileData:
        # Any other cut would be a second spelling of the file, and a million frames of a byte a week of work.
        if not body or self._file_ending:
            raise Malformed("a file that is not cut into pieces of 64 KiB")
        self._file_ending = len(body) < FILE_PIECE
        self._file.update(primitives.sha256(body))
        self._file_size += len(body)
        return FileData(body)

    def _end_file(self, body: bytes) -> FileEnd:
        if len(body) != _FILE_END.size:
            raise Malformed("the end of a file without its hash")
        digest, size = _FILE_END.unpack(body)
        if size != self._file_size or not primitives.equal(digest, self._file.digest()):
            raise DoesNotOpen("a file whose hash is not the one that was sent")
        return FileEnd(size)


def _read_head(body: bytes) -> Head:
    value = documents.fields(
        documents.decode(body, limit=HEAD_LIMIT), ("id", "kind", "thread", "version"), ("auth", "replies")
    )
    documents.integer(value["version"], 1, 1)
    first = documents.choice(value["kind"], ("first", "later")) == "first"
    if first != ("auth" in value) or first != ("replies" in value):
        raise Malformed("a first message brings keys, a later one does not")
    keys = []
    for item in documents.items(value.get("replies", []), sizes.SLOTS, int(first)):
        entry = documents.fields(item, ("chain", "public", "recipient", "tag"))
        keys.append(
            ReplyKeys(
                recipient=documents.from_hex(entry["recipient"], sizes.RECIPIENT_ID),
                public=documents.from_base64(entry["public"], sizes.X25519_PUBLIC),
                chain=documents.from_base64(entry["chain"], sizes.SYMMETRIC_KEY),
                tag_key=documents.from_base64(entry["tag"], sizes.SYMMETRIC_KEY),
            )
        )
    return Head(
        thread_id=documents.from_hex(value["thread"], sizes.THREAD_ID),
        message_id=documents.from_hex(value["id"], sizes.MESSAGE_ID),
        auth=documents.from_base64(value["auth"], sizes.SYMMETRIC_KEY) if first else b"",
        reply_keys=tuple(keys),
    )


def _read_message(body: bytes) -> Message:
    value = documents.fields(
        documents.decode(body, limit=MESSAGE_LIMIT),
        ("answers", "category", "keep_from", "language", "ongoing", "text"),
    )
    answers = []
    for item in documents.items(value["answers"], MAX_ANSWERS):
        entry = documents.fields(item, ("answer", "question"))
        answers.append(
            (documents.from_hex(entry["question"], QUESTION_ID), documents.text(entry["answer"], ANSWER_LIMIT))
        )
    return Message(
        text=documents.text(value["text"], TEXT_LIMIT),
        category=documents.text(value["category"], CATEGORY_LIMIT),
        ongoing=documents.choice(value["ongoing"], ("", "yes", "no", "unsure")),
        keep_from=documents.text(value["keep_from"], FIELD_LIMIT),
        language=documents.text(value["language"], LANGUAGE_LIMIT),
        answers=tuple(answers),
    )
