"""Cases and their entries in the vault, each sealed under the key of its case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau import ledger, store
from dropbox.bureau.sealed_rows import open_value, seal_value
from dropbox.bureau.tables import CardRow, CaseRow, EntryRow, OutcomeRow, SeenRow

DISCARDED_DAYS: Final = 64  # a fallback key serves 32 days and lives for 30 more; clocks differ
_DISCARDED: Final = "discarded"


@dataclass(frozen=True)
class StoredFile:
    """A file as its entry knows it; its pieces open with `key`."""

    identity: str
    name: str
    size: int
    key: str = field(repr=False)


@dataclass(frozen=True)
class StoredEntry:
    """One entry of a dialogue.  Names are those of `views.EntryView`; bytes stand as hexadecimal digits."""

    kind: str
    day: int
    text: str
    files: tuple[StoredFile, ...] = ()
    category: str = ""
    ongoing: str = ""
    keep_from: str = ""
    answers: tuple[tuple[str, str], ...] = ()  # (question's 16 digits, the answer)
    question: str = ""  # the 16 digits of a question asked here
    choices: tuple[str, ...] = ()
    status: str = ""


@dataclass(frozen=True)
class Dossier:
    """What is true of a case as a whole.  `thread` is the thread's id as digits, empty where none counts."""

    thread: str
    flag: str
    status: str
    category: str
    language: str
    ongoing: str
    received_day: int
    last_day: int
    messages: int
    files: int
    places: int = 0  # entries so far
    read_places: int = 0  # entries that were on a screen
    unread: int = 0  # messages that were not
    feedback: str = ""  # the entry that is the first feedback, as digits
    read: bool = False  # whether a handler has ever had it on the screen
    canary: bool = False  # an auditor's: answered by itself, shown to nobody, discarded by itself


async def dossiers(connection: AsyncConnection, keys: Mapping[bytes, bytes]) -> dict[bytes, Dossier]:
    """Every case whose key is there."""
    rows = await connection.execute(select(CaseRow.case_id, CaseRow.body))
    return {
        bytes(row.case_id): _dossier(keys[bytes(row.case_id)], bytes(row.case_id), bytes(row.body))
        for row in rows
        if bytes(row.case_id) in keys
    }


async def dossier(connection: AsyncConnection, case_id: bytes, key: bytes) -> Dossier | None:
    """One case, None when it has no row (yet, or any more)."""
    body = await connection.scalar(select(CaseRow.body).where(CaseRow.case_id == case_id))
    return None if body is None else _dossier(key, case_id, bytes(body))


async def write(connection: AsyncConnection, case_id: bytes, key: bytes, value: Dossier) -> None:
    """Write a case, new or changed."""
    body = seal_value(key, asdict(value), "cases", case_id)
    changed = await connection.execute(update(CaseRow).where(CaseRow.case_id == case_id).values(body=body))
    if not changed.rowcount:
        await connection.execute(insert(CaseRow).values(case_id=case_id, body=body))


async def begin(connection: AsyncConnection, new: Mapping[bytes, tuple[bytes, Dossier]]) -> None:
    """Write new cases, each with its key."""
    rows = [
        {"case_id": case_id, "body": seal_value(key, asdict(value), "cases", case_id)}
        for case_id, (key, value) in new.items()
    ]
    if rows:
        await connection.execute(insert(CaseRow), rows)


async def entries(connection: AsyncConnection, case_id: bytes, key: bytes) -> list[tuple[bytes, StoredEntry]]:
    """The dialogue, oldest first."""
    statement = select(EntryRow.entry, EntryRow.body).where(EntryRow.case_id == case_id).order_by(EntryRow.place)
    rows = await connection.execute(statement)
    return [(bytes(row.entry), _entry(key, case_id, bytes(row.entry), bytes(row.body))) for row in rows]


@dataclass(frozen=True)
class NewEntry:
    """An entry on its way into a case: at which place, under which random name."""

    case_id: bytes
    key: bytes = field(repr=False)
    place: int
    name: bytes
    entry: StoredEntry


async def add_entries(connection: AsyncConnection, new: Collection[NewEntry]) -> None:
    """Add entries, and give them their files."""
    rows = [
        {
            "entry": one.name, "case_id": one.case_id, "place": one.place,
            "body": seal_value(one.key, asdict(one.entry), "entries", one.case_id, one.name),
        }
        for one in new
    ]  # fmt: skip
    if rows:
        await connection.execute(insert(EntryRow), rows)
    for one in new:
        for file in one.entry.files:
            await store.give_file(connection, bytes.fromhex(file.identity), one.case_id)


async def is_seen(connection: AsyncConnection, message: bytes) -> bool:
    """Whether this message was opened before."""
    return await connection.scalar(select(SeenRow.message).where(SeenRow.message == message)) is not None


async def see(connection: AsyncConnection, messages: Mapping[bytes, bytes]) -> None:
    """Note that these messages were opened, each with its case."""
    rows = [{"message": message, "case_id": case_id} for message, case_id in messages.items()]
    if rows:
        await connection.execute(insert(SeenRow), rows)


async def discard(connection: AsyncConnection, case_id: bytes) -> list[bytes]:
    """Delete every row of a case; gives the names of its entries and cards, for the ledger to forget as well.

    What was seen stays known: a host that kept the envelopes could otherwise bring the case back.
    """
    await store.drop_files(connection, case_id)
    names = [bytes(one) for one in await connection.scalars(select(EntryRow.entry).where(EntryRow.case_id == case_id))]
    names += [bytes(one) for one in await connection.scalars(select(CardRow.card).where(CardRow.case_id == case_id))]
    for table in (EntryRow, CardRow, OutcomeRow, CaseRow):
        await connection.execute(delete(table).where(table.case_id == case_id))
    return names


async def forget_discarded(connection: AsyncConnection, key: bytes, today: int) -> None:
    """Forget what was seen of discarded cases once the prekeys of their time are dead.  Called on every day."""
    gone = select(SeenRow.case_id).distinct().where(SeenRow.case_id.not_in(select(CaseRow.case_id)))
    names = {bytes(one).hex() for one in await connection.scalars(gone)}
    noted = await ledger.recall(connection, key, _DISCARDED) or {}
    until = {name: int(noted.get(name, today + DISCARDED_DAYS)) for name in names}
    over = [bytes.fromhex(name) for name, day in until.items() if day <= today]
    for name in over:
        await connection.execute(delete(SeenRow).where(SeenRow.case_id == name))
    left = {name: day for name, day in until.items() if day > today}
    if left != noted:
        await ledger.remember(connection, key, _DISCARDED, left)


def _dossier(key: bytes, case_id: bytes, body: bytes) -> Dossier:
    return Dossier(**open_value(key, body, "cases", case_id))


def _entry(key: bytes, case_id: bytes, name: bytes, body: bytes) -> StoredEntry:
    value: dict[str, Any] = open_value(key, body, "entries", case_id, name)
    value["files"] = tuple(StoredFile(**one) for one in value["files"])
    value["answers"] = tuple((question, answer) for question, answer in value["answers"])
    value["choices"] = tuple(value["choices"])
    return StoredEntry(**value)
