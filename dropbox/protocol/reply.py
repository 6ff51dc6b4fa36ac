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
    """Puts notes together from (number, body) in ascending order of numbers.

    Gives the notes, and how many notes could not be read: a part is missing (its records expired, or the desk crashed
    between two of them), or they are of a kind that this version does not know.
    """
    notes: list[ReceivedNote] = []
    unread = 0
    waiting: list[_Part] = []
    first = 0
    for number, body in bodies:
        try:
            part = _decode_part(body)
        except (Malformed, UnknownVersion):
            unread += 1
            continue
        if part.part == 0:
            unread += bool(waiting)
            waiting, first = [part], number
        elif waiting and _continues(waiting, part) and number == first + part.part:
            waiting.append(part)
        else:
            unread += bool(waiting) or part.part == part.parts - 1
            waiting = []
            continue
        if len(waiting) == part.parts:
            try:
                notes.append(ReceivedNote(first, part.day, _from_parts(waiting)))
            except (Malformed, TooLong, UnknownVersion):
                unread += 1
            waiting = []
    return notes, unread + bool(waiting)


def _continues(waiting: list[_Part], part: _Part) -> bool:
    last = waiting[-1]
    return (part.kind, part.parts, part.day, part.part) == (last.kind, last.parts, last.day, last.part + 1)


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
    value = documents.decode(b"".join(part.data for part in parts), limit=NOTE_LIMIT)
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
            answers = tuple(documents.text(item, 200) for item in documents.items(body["answers"], MAX_ANSWERS, 1))
            return Question(documents.from_hex(body["id"], 8), documents.text(body["text"], NOTE_LIMIT), answers)
        case Kind.NOTICE:
            return Notice(documents.text(documents.fields(value, ("text",))["text"], NOTE_LIMIT))
