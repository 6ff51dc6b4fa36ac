"""What a handler writes to a reporter: how much room it takes, and how it is sealed and kept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from dropbox.bureau import dossiers, ledger, sealing
from dropbox.bureau.dossiers import Dossier, NewEntry, StoredEntry
from dropbox.bureau.errors import EmptyNoteError, NoteTooLongError
from dropbox.bureau.ledger import NOTE, RECORD_DAYS
from dropbox.bureau.sealing import Purpose
from dropbox.bureau.vault import Vault
from dropbox.bureau.views import CaseStatus as ShownStatus
from dropbox.bureau.views import EntryKind, NoteDraft, NotePreview
from dropbox.protocol.documents import written_size
from dropbox.protocol.errors import TooLong
from dropbox.protocol.payload import clean_text
from dropbox.protocol.reply import (
    MAX_ANSWERS,
    NOTE_LIMIT,
    PART_DATA,
    CaseStatus,
    Note,
    Notice,
    Question,
    Reply,
    Status,
    encode_note,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Random = Callable[[int], bytes]

QUESTION_ID: Final = 8
ANSWER_BYTES: Final = 200  # of UTF-8, as the reporter's side reads it
_FEWEST_ANSWERS: Final = 2


@dataclass(frozen=True)
class Composed:
    """A note ready to be sealed."""

    draft: NoteDraft
    question: bytes  # its identity, empty for every other kind
    bodies: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True)
class Target:
    """The case that a note is for."""

    case_id: bytes
    key: bytes = field(repr=False)
    dossier: Dossier


def cleaned(draft: NoteDraft) -> NoteDraft:
    """The draft as it is sent: one kind of line end, no control characters.  Raises EmptyNoteError."""
    text = clean_text(draft.text)
    choices = tuple(choice for one in draft.choices if (choice := clean_text(one)))
    if draft.kind is EntryKind.STATUS:
        # Whoever closes a case says why: the reasons are the feedback that the law asks for.
        if draft.status is None or (draft.status is ShownStatus.CLOSED and not text):
            raise EmptyNoteError
    elif not text:
        raise EmptyNoteError
    if draft.kind is EntryKind.QUESTION and len(dict.fromkeys(choices)) < _FEWEST_ANSWERS:
        raise EmptyNoteError
    return NoteDraft(draft.kind, text, draft.status, choices if draft.kind is EntryKind.QUESTION else ())


def preview(draft: NoteDraft) -> NotePreview:
    """How many records it takes, and how many bytes more would fit (negative: too many).  Raises EmptyNoteError."""
    draft = cleaned(draft)
    # Everything but the text takes what the note takes without it.
    bare = encode_note(_note(replace(draft, text=""), bytes(QUESTION_ID)), 0)
    try:
        records = len(encode_note(_note(draft, bytes(QUESTION_ID)), 0))
    except TooLong:
        records = 0
    if _answers_too_long(draft):
        records = 0
    used = _data_bytes(bare) + written_size(draft.text)
    return NotePreview(draft, records, NOTE_LIMIT - used)


def compose(draft: NoteDraft, day: int, random: Random) -> Composed:
    """The records' bodies.  Raises EmptyNoteError, NoteTooLongError."""
    draft = cleaned(draft)
    question = random(QUESTION_ID) if draft.kind is EntryKind.QUESTION else b""
    if _answers_too_long(draft):
        raise NoteTooLongError
    try:
        return Composed(draft, question, tuple(encode_note(_note(draft, question), day)))
    except TooLong:
        raise NoteTooLongError from None


FEEDBACK: Final = frozenset({ShownStatus.ADDRESSING, ShownStatus.CLOSED})  # with their reasons, these are feedback


class Writer:
    """Seals a composed note and keeps it.  The caller holds `vault.changing`."""

    def __init__(self, vault: Vault, instance: bytes, random: Random) -> None:
        """Work on this vault."""
        self._vault, self._instance, self._random = vault, instance, random

    async def write(self, target: Target, composed: Composed, today: int) -> None:
        """The chain first, durably; then one transaction with the entry and its records."""
        keyring = self._vault.opened()
        name, thread_id = self._random(16), bytes.fromhex(target.dossier.thread)
        self._vault.require_backed(sealing.first_links(keyring.state.threads[thread_id], len(composed.bodies))[0])
        thread, links = await sealing.take(keyring, thread_id, len(composed.bodies))
        sealed = sealing.seal(thread, keyring.state.recipient, self._instance, links, composed.bodies, self._random)
        records = sealing.as_records(sealed, thread, Purpose(NOTE, name, today + RECORD_DAYS), self._random)
        async with self._vault.database.write() as connection:
            await dossiers.write(connection, target.case_id, target.key, _after(target.dossier, composed, name))
            place = target.dossier.places
            entry = _entry(composed, today)
            await dossiers.add_entries(connection, [NewEntry(target.case_id, target.key, place, name, entry)])
            key = self._vault.storage_key
            await ledger.add(connection, key, records)
            await ledger.note_next(connection, key, {thread.reference: thread.next_number})


def _after(before: Dossier, composed: Composed, name: bytes) -> Dossier:
    draft = composed.draft
    # Directive 2019/1937, article 5(13): feedback is the action planned or taken, and the grounds for it.  A question
    # or a friendly reply is not, and a clock that stopped for one would let the three months run out unseen.
    answers = draft.kind is EntryKind.STATUS and draft.status in FEEDBACK and bool(draft.text.strip())
    return replace(
        before,
        places=before.places + 1,
        status=str(draft.status) if draft.status is not None else before.status,
        feedback=name.hex() if answers and not before.feedback else before.feedback,
    )


def _entry(composed: Composed, today: int) -> StoredEntry:
    draft = composed.draft
    return StoredEntry(
        kind=str(draft.kind),
        day=today,
        text=draft.text,
        question=composed.question.hex(),
        choices=draft.choices,
        status="" if draft.status is None else str(draft.status),
    )


def _note(draft: NoteDraft, question: bytes) -> Note:
    match draft.kind:
        case EntryKind.REPLY:
            return Reply(draft.text)
        case EntryKind.STATUS:
            return Status(CaseStatus(draft.status or ShownStatus.RECEIVED), draft.text)
        case EntryKind.QUESTION:
            return Question(question, draft.text, draft.choices)
        case EntryKind.NOTICE:
            return Notice(draft.text)
        case _:
            raise EmptyNoteError


def _answers_too_long(draft: NoteDraft) -> bool:
    return len(draft.choices) > MAX_ANSWERS or any(len(one.encode()) > ANSWER_BYTES for one in draft.choices)


def _data_bytes(bodies: list[bytes]) -> int:
    """How many bytes of a note stand in these records, padding not counted."""
    return (len(bodies) - 1) * PART_DATA + len(bodies[-1].rstrip(b"\0")) - (len(bodies[-1]) - PART_DATA)
