"""What the records of a board say to a reporter (docs/protocol.md, section 10).

A note is a small canonical JSON document.  It is cut into parts that fit a record; the parts stand under consecutive
numbers.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropbox.protocol import documents, keys, sizes
from dropbox.protocol.errors import Malformed, TooLong, UnknownVersion

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PARTS = 8
_PART = struct.Struct(">BBBHI")  # kind, part, parts, length, day
PART_DATA = sizes.RECORD_BODY - _PART.size
NOTE_LIMIT = MAX_PARTS * PART_DATA
MAX_ANSWERS = 6
ANSWER_LIMIT = 200  # bytes that an answer takes in a message (``documents.written_size``)
QUESTION_ID = 8


class Kind(enum.IntEnum):
    """The kinds of note."""

    ACKNOWLEDGEMENT = 1
    REPLY = 2
    STATUS = 3
    QUESTION = 4
    NOTICE = 5


class CaseStatus(enum.StrEnum):
    """Where a case stands, in the stages of ISO 37002."""

    RECEIVED = "received"
    ASSESSING = "assessing"
    ADDRESSING = "addressing"
    CLOSED = "closed"


@dataclass(frozen=True)
class Acknowledgement:
    """Cumulative: so many messages and files of this thread were opened, up to and including ``day``."""

    messages: int
    files: int
    day: int

    def __post_init__(self) -> None:
        documents.integer(self.messages)
        documents.integer(self.files)
        documents.integer(self.day, 0, keys.MAX_DAY)


@dataclass(frozen=True)
class Reply:
    """A text of the bureau."""

    text: str


@dataclass(frozen=True)
class Status:
    """The stage that the case has reached, with a sentence or two if there is something to say."""

    status: CaseStatus
    text: str


@dataclass(frozen=True)
class Question:
    """A question with fixed answers: a check-in, consent to a card, a transcript.  ``identity`` is 8 bytes."""

    identity: bytes
    text: str
    answers: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.identity) != QUESTION_ID or not 1 <= len(self.answers) <= MAX_ANSWERS:
            raise Malformed("a question is named by 8 bytes and offers one to six answers")
        if any(documents.written_size(answer) > ANSWER_LIMIT for answer in self.answers):
            raise TooLong("an answer is longer than those that can be offered")


@dataclass(frozen=True)
class Notice:
    """A general message to this reporter, such as when the bureau is shut."""

    text: str


Note = Acknowledgement | Reply | Status | Question | Notice


@dataclass(frozen=True)
class ReceivedNote:
    """A note as the reporter finds it: the number of its first part, the day it was written."""

    number: int
    day: int
    note: Note


def encode_note(note: Note, day: int) -> list[bytes]:
    """The bodies of 1 to 8 records, 944 bytes each.  Raises ``TooLong``."""
    kind, value = _to_json(note)
    data = documents.encode(value)
    parts = max(1, -(-len(data) // PART_DATA))
    if parts > MAX_PARTS:
        raise TooLong("a reply has 8 records at most")
    bodies = []
    for part in range(parts):
        piece = data[part * PART_DATA : (part + 1) * PART_DATA]
        body = _PART.pack(kind, part, parts, len(piece), day) + piece
        bodies.append(body.ljust(sizes.RECORD_BODY, b"\0"))
    return bodies


def records_needed(note: Note) -> int:
    """How many records the note takes, for the preview at the desk.  Raises ``TooLong``."""
    return len(encode_note(note, 0))


@dataclass(frozen=True)
class _Part:
    kind: int
    part: int
    parts: int
    day: int
    data: bytes


def _decode_part(body: bytes) -> _Part:
    if len(body) != sizes.RECORD_BODY:
        raise Malformed("the body of a record has 944 bytes")
    kind, part, parts, length, day = _PART.unpack_from(body)
    data, rest = body[_PART.size : _PART.size + length], body[_PART.size + length :]
    if kind not in set(Kind):
        raise UnknownVersion("a kind of note that is not in this version")
    if not 1 <= parts <= MAX_PARTS or part >= parts or length > PART_DATA or rest.strip(b"\0"):
        raise Malformed("a part of a note whose numbers do not fit")
    if part < parts - 1 and length != PART_DATA:
        raise Malformed("a part that is not full, before the last one")
    return _Part(kind, part, parts, day, data)


def join_notes(bodies: Iterable[tuple[int, bytes]]) -> tuple[list[ReceivedNote], int]:
    """Puts notes together from (number, body), each number once.  A part and its number say where its note begins.

    Gives the notes in ascending order, and how many could not be read: a part is missing (its record expired, or the
    desk crashed between two of them), or they are of a kind that this version does not know.
    """
    begun: dict[int, list[_Part]] = {}
    notes: list[ReceivedNote] = []
    unread = 0
    for number, body in bodies:
        try:
            part = _decode_part(body)
        except (Malformed, UnknownVersion):
            unread += 1
        else:
            begun.setdefault(number - part.part, []).append(part)
    for first, parts in sorted(begun.items(), key=lambda item: item[0]):
        try:
            notes.append(ReceivedNote(first, parts[0].day, _from_parts(parts)))
        except (Malformed, TooLong, UnknownVersion):
            unread += 1
    return notes, unread


def _require_whole(parts: list[_Part]) -> None:
    """Raises ``Malformed`` unless these are all parts of one note, each once."""
    places = sorted(part.part for part in parts)
    if len({(part.kind, part.parts, part.day) for part in parts}) != 1 or places != list(range(parts[0].parts)):
        raise Malformed("a part of a note is missing, or is of another one")


def _to_json(note: Note) -> tuple[Kind, documents.Json]:
    match note:
        case Acknowledgement(messages, files, day):
            return Kind.ACKNOWLEDGEMENT, {"day": day, "files": files, "messages": messages}
        case Reply(text):
            return Kind.REPLY, {"text": text}
        case Status(status, text):
            return Kind.STATUS, {"status": str(status), "text": text}
        case Question(identity, text, answers):
            return Kind.QUESTION, {"answers": list(answers), "id": identity.hex(), "text": text}
        case Notice(text):
            return Kind.NOTICE, {"text": text}


def _from_parts(parts: list[_Part]) -> Note:
    _require_whole(parts)
    data = b"".join(part.data for part in sorted(parts, key=lambda part: part.part))
    value = documents.decode(data, limit=NOTE_LIMIT)
    match Kind(parts[0].kind):
        case Kind.ACKNOWLEDGEMENT:
            body = documents.fields(value, ("day", "files", "messages"))
            return Acknowledgement(
                documents.integer(body["messages"]),
                documents.integer(body["files"]),
                documents.integer(body["day"], 0, keys.MAX_DAY),
            )
        case Kind.REPLY:
            return Reply(documents.text(documents.fields(value, ("text",))["text"], NOTE_LIMIT))
        case Kind.STATUS:
            body = documents.fields(value, ("status", "text"))
            status = CaseStatus(documents.choice(body["status"], [str(status) for status in CaseStatus]))
            return Status(status, documents.text(body["text"], NOTE_LIMIT))
        case Kind.QUESTION:
            body = documents.fields(value, ("answers", "id", "text"))
            answers = tuple(
                documents.text(item, ANSWER_LIMIT) for item in documents.items(body["answers"], MAX_ANSWERS, 1)
            )
            return Question(
                documents.from_hex(body["id"], QUESTION_ID), documents.text(body["text"], NOTE_LIMIT), answers
            )
        case Kind.NOTICE:
            return Notice(documents.text(documents.fields(value, ("text",))["text"], NOTE_LIMIT))
