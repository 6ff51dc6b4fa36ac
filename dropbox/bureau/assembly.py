"""From what the vault holds to what the desk shows.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dropbox.bureau import clocks
from dropbox.bureau.dossiers import Dossier, StoredEntry
from dropbox.bureau.views import (
    AnswerView,
    CardView,
    CaseFacts,
    CaseRow,
    CaseStatus,
    CaseView,
    Deadlines,
    EntryKind,
    EntryView,
    FileView,
    Flag,
)

_FAR = 1 << 31


@dataclass(frozen=True)
class Parts:
    """Everything about one case.  `live` names the items that the board carries."""

    name: bytes
    dossier: Dossier
    entries: Sequence[tuple[bytes, StoredEntry]]
    posted: Mapping[bytes, int]
    live: frozenset[bytes]
    cards: tuple[CardView, ...]


def inbox(found: Mapping[bytes, Dossier], posted: Mapping[bytes, int]) -> tuple[CaseRow, ...]:
    """All cases: what is due first stands first; then the latest message."""
    rows = [row(name, value, posted) for name, value in found.items()]
    return tuple(sorted(rows, key=lambda one: (one.deadlines.next_due or _FAR, -one.last_day, one.identity)))


def row(name: bytes, value: Dossier, posted: Mapping[bytes, int]) -> CaseRow:
    """One line of the inbox."""
    return CaseRow(
        identity=name.hex(),
        category=value.category,
        status=CaseStatus(value.status),
        language=value.language,
        received_day=value.received_day,
        last_day=value.last_day,
        messages=value.messages,
        files=value.files,
        unread=value.unread,
        flag=Flag(value.flag) if value.flag else None,
        can_reply=bool(value.thread),
        deadlines=_deadlines(name, value, posted),
    )


def _deadlines(name: bytes, value: Dossier, posted: Mapping[bytes, int]) -> Deadlines:
    feedback = posted.get(bytes.fromhex(value.feedback)) if value.feedback else None
    # A report that cannot be answered has no clocks: there is nobody to tell.
    return clocks.deadlines(value.received_day, posted.get(name), feedback, running=bool(value.thread))


def case(parts: Parts) -> CaseView:
    """One case on one screen."""
    value = parts.dossier
    questions = {entry.question: entry.text for _, entry in parts.entries if entry.question}
    entries = [
        _entry(name, entry, parts, questions, unread=place >= value.read_places)
        for place, (name, entry) in enumerate(parts.entries)
    ]
    keep_from = tuple(dict.fromkeys(entry.keep_from for entry in entries if entry.keep_from))
    return CaseView(
        row=row(parts.name, value, parts.posted),
        facts=CaseFacts(value.category, value.ongoing, keep_from, value.language),
        entries=(*entries, *_acknowledgement(parts)),
        cards=parts.cards,
    )


def _acknowledgement(parts: Parts) -> tuple[EntryView, ...]:
    """The cumulative acknowledgement, once the first one went out."""
    day = parts.posted.get(parts.name)
    if day is None:
        return ()
    return (
        EntryView(
            identity=parts.name.hex(),
            kind=EntryKind.ACKNOWLEDGEMENT,
            day=day,
            text="",
            published_day=day,
            on_board=parts.name in parts.live,
            messages=parts.dossier.messages,
            message_files=parts.dossier.files,
        ),
    )


def _entry(name: bytes, entry: StoredEntry, parts: Parts, questions: Mapping[str, str], *, unread: bool) -> EntryView:
    kind = EntryKind(entry.kind)
    return EntryView(
        identity=name.hex(),
        kind=kind,
        day=entry.day,
        text=entry.text,
        published_day=parts.posted.get(name),
        on_board=name in parts.live,
        files=tuple(FileView(file.identity, file.name, file.size) for file in entry.files),
        category=entry.category,
        ongoing=entry.ongoing,
        keep_from=entry.keep_from,
        answers=tuple(AnswerView(questions.get(question, ""), answer) for question, answer in entry.answers),
        choices=entry.choices,
        status=CaseStatus(entry.status) if entry.status else None,
        unread=unread and kind is EntryKind.MESSAGE,
    )
