"""What the publisher keeps: live records of the board, the days on which things went out, small marks.

Rows are sealed under the storage key, which stands in the publisher's keyring and is always open: issuing a board
needs no handler.  An inner record opens for its reporter only, so that what is kept here reads nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau.sealed_rows import Value, open_value, seal_value
from dropbox.bureau.tables import PostingRow, RecordRow, StateRow
from dropbox.protocol.thread import may_expire

RECORD_DAYS: Final = 180  # a reply stays so long on the board
UNREAD_DAYS: Final = 30  # an acknowledgement, while nobody at the bureau has read the thread: junk shall not swell it

ACKNOWLEDGEMENT: Final = "acknowledgement"
NOTE: Final = "note"
_REFERENCE_DIGITS: Final = 32  # in `state`, the name of a thread; every other name is shorter
ADOPTED: Final = "adopted"  # found on the last published board and not in the vault


@dataclass(frozen=True)
class Record:
    """A live inner record.  `item` is the entry it belongs to, or the case's name for acknowledgements.

    `expires_day` is the first day on which the board does without it, if its thread can.
    """

    name: bytes
    reference: bytes
    number: int
    inner: bytes = field(repr=False)
    kind: str
    item: bytes
    expires_day: int
    published_day: int | None = None
    replaced: bool = False  # by a later acknowledgement: may go as soon as its thread can do without


async def records(connection: AsyncConnection, key: bytes) -> list[Record]:
    """All records."""
    rows = await connection.execute(select(RecordRow.record, RecordRow.body))
    return [_record(key, bytes(row.record), bytes(row.body)) for row in rows]


async def add(connection: AsyncConnection, key: bytes, record: Record) -> None:
    """Keep a record."""
    await connection.execute(insert(RecordRow).values(record=record.name, body=_sealed(key, record)))


async def change(connection: AsyncConnection, key: bytes, record: Record) -> None:
    """Write a record anew."""
    await drop(connection, [record.name])
    await add(connection, key, record)


async def drop(connection: AsyncConnection, names: Iterable[bytes]) -> None:
    """Delete records."""
    for name in names:
        await connection.execute(delete(RecordRow).where(RecordRow.record == name))


async def replace_acknowledgement(connection: AsyncConnection, key: bytes, record: Record) -> None:
    """Keep a new acknowledgement; the ones before it in the same thread are no longer needed."""
    for old in await records(connection, key):
        if old.reference == record.reference and old.kind == ACKNOWLEDGEMENT and not old.replaced:
            await change(connection, key, replace(old, replaced=True))
    await add(connection, key, record)


async def prolong_acknowledgement(connection: AsyncConnection, key: bytes, reference: bytes, until: int) -> None:
    """Somebody has read the thread: its acknowledgement stays until this day."""
    for old in await records(connection, key):
        mine = old.reference == reference and old.kind == ACKNOWLEDGEMENT and not old.replaced
        if mine and old.expires_day < until:
            await change(connection, key, replace(old, expires_day=until))


def expired(live: Collection[Record], next_numbers: dict[bytes, int], today: int) -> set[bytes]:
    """The names of the records that the board can do without today.

    `next_numbers` gives the next number of each thread by its reference, where it is known: a thread keeps enough
    records for a reader who starts from nothing.
    """
    going: set[bytes] = set()
    by_thread: dict[bytes, list[Record]] = {}
    for record in live:
        by_thread.setdefault(record.reference, []).append(record)
    for reference, of_thread in by_thread.items():
        of_thread.sort(key=lambda record: record.number)
        numbers = [record.number for record in of_thread]
        over = {record.number for record in of_thread if record.replaced or record.expires_day <= today}
        next_number = next_numbers.get(reference, numbers[-1] + 1)
        dropped = may_expire(numbers, over, next_number)
        going |= {record.name for record in of_thread if record.number in dropped}
    return going


async def post(connection: AsyncConnection, key: bytes, item: bytes, day: int) -> None:
    """Note the day on which something first went out; a later day changes nothing."""
    if await connection.scalar(select(PostingRow.item).where(PostingRow.item == item)) is None:
        body = seal_value(key, {"day": day}, "postings", item)
        await connection.execute(insert(PostingRow).values(item=item, body=body))


async def postings(connection: AsyncConnection, key: bytes) -> dict[bytes, int]:
    """The day of everything that went out."""
    rows = await connection.execute(select(PostingRow.item, PostingRow.body))
    return {bytes(row.item): int(open_value(key, bytes(row.body), "postings", bytes(row.item))["day"]) for row in rows}


async def drop_postings(connection: AsyncConnection, items: Iterable[bytes]) -> None:
    """Forget when these went out."""
    for item in items:
        await connection.execute(delete(PostingRow).where(PostingRow.item == item))


async def remember(connection: AsyncConnection, key: bytes, name: str, value: Value) -> None:
    """Keep a small value under a name."""
    await connection.execute(delete(StateRow).where(StateRow.name == name))
    await connection.execute(insert(StateRow).values(name=name, body=seal_value(key, value, "state", name)))


async def recall(connection: AsyncConnection, key: bytes, name: str) -> Value | None:
    """What was kept under a name."""
    body = await connection.scalar(select(StateRow.body).where(StateRow.name == name))
    return None if body is None else open_value(key, bytes(body), "state", name)


async def note_next(connection: AsyncConnection, key: bytes, reference: bytes, number: int) -> None:
    """Note the next number of a thread; it never goes back."""
    before = await recall(connection, key, reference.hex())
    if before is None or int(before["next"]) < number:
        await remember(connection, key, reference.hex(), {"next": number})


async def next_numbers(connection: AsyncConnection, key: bytes) -> dict[bytes, int]:
    """The next number of every thread, by its reference."""
    rows = await connection.execute(select(StateRow.name, StateRow.body))
    return {
        bytes.fromhex(row.name): int(open_value(key, bytes(row.body), "state", row.name)["next"])
        for row in rows
        if len(row.name) == _REFERENCE_DIGITS
    }


async def drop_thread(connection: AsyncConnection, key: bytes, reference: bytes) -> None:
    """Forget everything of a thread, its records first of all."""
    await drop(connection, [one.name for one in await records(connection, key) if one.reference == reference])
    await connection.execute(delete(StateRow).where(StateRow.name == reference.hex()))


def _sealed(key: bytes, record: Record) -> bytes:
    value: Value = {
        "expires_day": record.expires_day,
        "inner": record.inner.hex(),
        "item": record.item.hex(),
        "kind": record.kind,
        "number": record.number,
        "published_day": record.published_day,
        "reference": record.reference.hex(),
        "replaced": record.replaced,
    }
    return seal_value(key, value, "records", record.name)


def _record(key: bytes, name: bytes, body: bytes) -> Record:
    value = open_value(key, body, "records", name)
    return Record(
        name=name,
        reference=bytes.fromhex(value["reference"]),
        number=int(value["number"]),
        inner=bytes.fromhex(value["inner"]),
        kind=str(value["kind"]),
        item=bytes.fromhex(value["item"]),
        expires_day=int(value["expires_day"]),
        published_day=value["published_day"],
        replaced=bool(value["replaced"]),
    )
