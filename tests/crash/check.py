"""What must hold after a run, whatever struck: nothing promised is lost, nothing else is left, no key is used twice."""

import collections
import hashlib
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import func, select, table

from dropbox.bureau.tables import FileChunkRow, FileRow, IncomingChunkRow, IncomingRow
from dropbox.bureau.views import CaseView, EntryKind
from dropbox.protocol.reply import Acknowledgement, Reply
from dropbox.storage.database import open_database
from tests.bureau.office import Open, Reporter
from tests.crash.journal import Journal
from tests.crash.ministry import STATE
from tests.crash.office import OLD_REPLY, OLD_TEXT
from tests.crash.plan import FROM_BACKUP
from tests.crash.work import Work

_INTAKE_TABLES: Final = ("uploads", "chunks", "envelopes", "confirmations")


async def violations(work: Work) -> list[str]:
    """Every broken promise, in words."""
    found = [*chain_keys(work.journal)]
    async with work.office.intake(), work.desk() as opened:
        await work.round(opened)
        if work.plan.cards:
            await work.ministry(opened).visit()
            await work.round(opened)
            await work.ministry(opened).visit()
        if opened.sync.problems:
            found.append(f"the desk does not recover: {opened.sync.problems}")
        cases = [await opened.desk.case(row.identity) for row in await opened.desk.cases()]
        found += _messages(work, cases)
        found += [line async for line in _files(work, opened, cases)]
        found += await _reporters(work, cases)
        found += _cards(work.journal, cases)
        found += await _left_at_the_desk(work, opened)
    found += await _left_at_intake(work)
    return found


def chain_keys(journal: Journal) -> Iterator[str]:
    """A chain key seals one record.  After old keyrings were put back it may seal again what nobody was ever shown; a
    backup holds none that ever sealed.
    """
    shown = {inner for line in journal.lines("issued") for inner in line["records"]}
    sealed: dict[str, set[str]] = collections.defaultdict(set)
    for line in journal.lines("sealed"):
        sealed[line["chain"]].add(line["inner"])
    restored = any(line["what_was"] != FROM_BACKUP for line in journal.lines("restored"))
    for chain, inners in sealed.items():
        if len(inners) > 1 and (not restored or len(inners & shown) > 1):
            yield f"chain key {chain} sealed {len(inners)} records"


def _messages(work: Work, cases: list[CaseView]) -> Iterator[str]:
    entries = [entry for case in cases for entry in case.entries if entry.kind is EntryKind.MESSAGE]
    counted = collections.Counter(entry.text for entry in entries)
    sent = {OLD_TEXT, *(line["text"] for line in work.journal.lines("sent"))}
    begun = {OLD_TEXT, *(line["text"] for line in work.journal.lines("sending"))}
    lost = [text for text in sent if not counted[text]]
    if len(lost) <= _unopenable(work):
        lost = []
    for text in begun:
        if counted[text] > 1 or text in lost:
            yield f"the message {text!r} is shown {counted[text]} times"
    if set(counted) - begun:
        yield "a message that nobody sent"
    threads = [case for case in cases if any(entry.text in {OLD_TEXT, "A later message."} for entry in case.entries)]
    if len(threads) != 1:
        yield f"one reporter's messages stand in {len(threads)} cases"


def _unopenable(work: Work) -> int:
    """What was sealed to prekeys that were lost with a disk: not confirmed, not acknowledged, and open to nobody."""
    return sum(line["waiting"] for line in work.journal.lines("lost"))


async def _files(work: Work, opened: Open, cases: list[CaseView]) -> Any:  # noqa: ANN401 - an async generator of str
    size = work.plan.file_bytes
    for case in cases:
        for entry in case.entries:
            if entry.kind is not EntryKind.MESSAGE or entry.text == OLD_TEXT:
                continue
            contents = []
            for file in entry.files:
                _, pieces = await opened.desk.open_file(case.row.identity, file.identity)
                contents.append(b"".join([piece async for piece in pieces]))
            if contents != ([hashlib.shake_256(entry.text.encode()).digest(size)] if size else []):
                yield f"the files of {entry.text!r} are others"


def _cards(journal: Journal, cases: list[CaseView]) -> Iterator[str]:
    """A released card is at the ministry once, in one batch of one content, and its answer at the card once."""
    came: dict[str, set[tuple[str, str]]] = collections.defaultdict(set)
    for line in journal.lines("card"):
        came[line["reference"]].add((line["batch"], line["digest"]))
    shown = {card.reference: card for case in cases for card in case.cards}
    for reference in {line["reference"] for line in journal.lines("referred")} | set(came) | set(shown):
        if len(came[reference]) != 1:
            yield f"a card is in {len(came[reference])} batches"
        if reference not in shown:
            yield "a card of no case"
        elif shown[reference].sent_day is None or [one.state for one in shown[reference].outcomes] != [STATE]:
            yield f"a card is shown with {len(shown[reference].outcomes)} answers, sent {shown[reference].sent_day}"


async def _reporters(work: Work, cases: list[CaseView]) -> list[str]:
    found = []
    for reporter, own in ((work.known, {OLD_TEXT, "A later message."}), (work.new, {"The new report."})):
        (mailbox,) = (await reporter.read()).mailboxes
        if mailbox.unread:
            found.append("a reporter finds notes that cannot be put together")
        numbers = [note.number for note in mailbox.notes]
        if len(set(numbers)) != len(numbers):
            found.append("two notes under one number")
        messages = sum(
            entry.kind is EntryKind.MESSAGE and entry.text in own for case in cases for entry in case.entries
        )
        acknowledged = [note.note.messages for note in mailbox.notes if isinstance(note.note, Acknowledgement)]
        if acknowledged != ([messages] if messages else []):
            found.append(f"{messages} messages, acknowledged as {acknowledged}")
        texts = collections.Counter(note.note.text for note in mailbox.notes if isinstance(note.note, Reply))
        found += list(_replies(work.journal, texts) if reporter is work.known else _none(work.new, texts))
    return found


def _none(_: Reporter, texts: collections.Counter[str]) -> Iterator[str]:
    if texts:
        yield "a reply to somebody else"


def _replies(journal: Journal, texts: collections.Counter[str]) -> Iterator[str]:
    answered = {OLD_REPLY, *(line["text"] for line in journal.lines("answered"))} - _never_shown(journal)
    begun = {OLD_REPLY, *(line["text"] for line in journal.lines("answering"))}
    for text in begun:
        if texts[text] > 1 or (text in answered and not texts[text]):
            yield f"the reply {text[:30]!r} is on the board {texts[text]} times"


def _never_shown(journal: Journal) -> set[str]:
    """Replies that a restore of the database took back before any board had carried them."""
    if not any(line["what_was"] != "keyrings" for line in journal.lines("restored")):
        return set()
    shown = {inner for line in journal.lines("issued") for inner in line["records"]}
    return {text for text, inners in journal.sealed_for().items() if not inners & shown}


async def _left_at_the_desk(work: Work, opened: Open) -> list[str]:
    found = [f"an envelope did not open: {one.reason}" for one in await opened.desk.failures()]
    found = [] if len(found) <= _unopenable(work) else found
    found += [f"an answer of the ministry is not shown: {one.reason}" for one in await opened.desk.outcome_failures()]
    async with opened.vault.database.read() as connection:
        found += [
            f"{rows.__tablename__} still holds something"
            for rows in (IncomingRow, IncomingChunkRow)
            if not _unopenable(work) and await connection.scalar(select(func.count()).select_from(rows))
        ]
        if await connection.scalar(select(func.count()).select_from(FileRow).where(FileRow.case_id.is_(None))):
            found.append("a file of no case is left")
        of_none = FileChunkRow.file.not_in(select(FileRow.file))
        if await connection.scalar(select(func.count()).select_from(FileChunkRow).where(of_none)):
            found.append("pieces of no file are left")
    return found


async def _left_at_intake(work: Work) -> list[str]:
    # What opens to nobody waits, until the day on which its prekey would have been destroyed.
    tables = _INTAKE_TABLES[:1] if _unopenable(work) else (*_INTAKE_TABLES, *(("mailbox",) if work.plan.cards else ()))
    database = open_database(work.office.intake_database or f"sqlite:///{work.folder}/intake.db")
    try:
        async with database.read() as connection:
            counts = [await connection.scalar(select(func.count()).select_from(table(one))) for one in tables]
    finally:
        await database.close()
    found = zip(tables, counts, strict=True)
    return [f"intake's table {name} still holds {count} rows" for name, count in found if count]
