"""What the publisher keeps: live records of the board, the days on which things went out, small marks.

Rows are sealed under the storage key, which stands in the publisher's keyring and is always open: issuing a board
needs no handler.  An inner record opens for its reporter only, so that what is kept here reads nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau.sealed_rows import Value, open_value, seal_value
from dropbox.bureau.tables import PostingRow, RecordRow, StateRow
from dropbox.protocol.thread import may_expire

RECORD_DAYS: Final = 180  # a reply stays so long on the board
UNREAD_DAYS: Final = 30  # an acknowledgement, while nobody at the bureau has read the thread: junk shall not swell it

ACKNOWLEDGEMENT: Final = "acknowledgement"
NOTE: Final = "note"
CANARY: Final = "canary"  # the answer to an auditor's report
GIVING_WAY: Final = frozenset({ACKNOWLEDGEMENT, CANARY})  # on a full board: what the desk says by itself
_REFERENCE_DIGITS: Final = 32  # in `state`, the name of a thread; every other name is shorter
_AT_ONCE: Final = 500  # names in one statement
_AT_HAND: Final = 10_000  # records; a board holds fewer.  Some 40 MB at most, all of it ciphertext for reporters
ADOPTED: Final = "adopted"  # found on the last published board and not in the vault

_Name = TypeVar("_Name", bytes, str)


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

    def is_over(self, today: int) -> bool:
        """Whether the board does without it, if its thread can."""
        return self.replaced or self.expires_day <= today


async def records(connection: AsyncConnection, key: bytes) -> list[Record]:
    """All records."""
    rows = await connection.execute(select(RecordRow.record, RecordRow.body))
    return [_record(key, bytes(row.record), bytes(row.body)) for row in rows]


async def records_named(connection: AsyncConnection, key: bytes, names: Collection[bytes]) -> list[Record]:
    """Those of these records that are still kept."""
    found: list[Record] = []
    for some in _portions(sorted(names)):
        rows = await connection.execute(select(RecordRow.record, RecordRow.body).where(RecordRow.record.in_(some)))
        found += [_record(key, bytes(row.record), bytes(row.body)) for row in rows]
    return found


async def add(connection: AsyncConnection, key: bytes, new: Iterable[Record]) -> None:
    """Keep records."""
    rows = [{"record": one.name, "body": _sealed(key, one)} for one in new]
    if rows:
        await connection.execute(insert(RecordRow), rows)


async def change(connection: AsyncConnection, key: bytes, *changed: Record) -> None:
    """Write records anew."""
    rows = [{"name": one.name, "sealed": _sealed(key, one)} for one in changed]
    if rows:
        of_name = RecordRow.record == bindparam("name")
        await connection.execute(update(RecordRow).where(of_name).values(body=bindparam("sealed")), rows)


async def drop(connection: AsyncConnection, names: Iterable[bytes]) -> None:
    """Delete records."""
    rows = [{"name": name} for name in names]
    if rows:
        await connection.execute(delete(RecordRow).where(RecordRow.record == bindparam("name")), rows)


async def acknowledge(connection: AsyncConnection, key: bytes, new: Collection[Record]) -> None:
    """Keep the new acknowledgement of each of these threads; the one before it is no longer needed.

    Also notes the next number of each thread.
    """
    states = await _threads(connection, key, [one.reference for one in new])
    for record in new:
        before = await _acknowledgement(connection, key, record.reference, states.get(record.reference))
        if before is not None:
            await change(connection, key, replace(before, replaced=True))
    await add(connection, key, new)
    values: dict[str, Value] = {}
    for record in new:
        number = max(record.number + 1, int(states.get(record.reference, {}).get("next", 0)))
        values[record.reference.hex()] = {"acknowledgement": record.name.hex(), "next": number}
    await _remember_all(connection, key, values)


async def prolong_acknowledgement(connection: AsyncConnection, key: bytes, reference: bytes, until: int) -> None:
    """Somebody has read the thread: its acknowledgement stays until this day."""
    state = (await _threads(connection, key, [reference])).get(reference)
    record = await _acknowledgement(connection, key, reference, state)
    if record is not None and record.expires_day < until:
        await change(connection, key, replace(record, expires_day=until))


async def _acknowledgement(
    connection: AsyncConnection, key: bytes, reference: bytes, state: Value | None
) -> Record | None:
    """The acknowledgement of a thread that no later one has replaced, where it is still kept."""
    if state is None:
        return None
    if "acknowledgement" not in state:  # taken back from a board: which of its records it was, nobody here knows
        of_thread = [one for one in await records(connection, key) if one.reference == reference]
        return next((one for one in of_thread if one.kind == ACKNOWLEDGEMENT and not one.replaced), None)
    return next(iter(await records_named(connection, key, [bytes.fromhex(state["acknowledgement"])])), None)


def new_acknowledgements(live: Collection[Record]) -> list[Record]:
    """Those that no board has carried yet."""
    return [one for one in live if one.kind == ACKNOWLEDGEMENT and one.published_day is None]


def fitting(live: Iterable[Record], most: int) -> list[Record]:
    """So many of these records, where the board has no room for all: replies first, then what the desk says by itself,
    the longest of what is to stay longest.

    A canary's answer stays and gives way with its acknowledgement, like that of any report: one without the other would
    tell an auditor of a desk that does not know it.
    """
    live = list(live)
    canaries = {one.reference for one in live if one.kind == CANARY}
    until: dict[bytes, int] = {}
    for one in live:
        if one.kind in GIVING_WAY:
            until[one.reference] = max(until.get(one.reference, 0), one.expires_day)
    replies = sorted((one for one in live if one.kind not in GIVING_WAY), key=lambda one: -one.expires_day)
    own = [one for one in live if one.kind in GIVING_WAY]
    own.sort(key=lambda one: (-until[one.reference], one.reference))
    kept = [*replies, *own][:most]
    torn = {one.reference for one in [*replies, *own][most:]} & canaries
    return [one for one in kept if one.kind not in GIVING_WAY or one.reference not in torn]


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
        over = {record.number for record in of_thread if record.is_over(today)}
        next_number = next_numbers.get(reference, numbers[-1] + 1)
        dropped = may_expire(numbers, over, next_number)
        going |= {record.name for record in of_thread if record.number in dropped}
    return going


async def post(connection: AsyncConnection, key: bytes, items: Collection[bytes], day: int) -> None:
    """Note the day on which these first went out; a later day changes nothing."""
    for names in _portions(sorted(set(items))):
        known = set(await connection.scalars(select(PostingRow.item).where(PostingRow.item.in_(names))))
        rows = [
            {"item": item, "body": seal_value(key, {"day": day}, "postings", item)}
            for item in names
            if item not in known
        ]
        if rows:
            await connection.execute(insert(PostingRow), rows)


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
    await _remember_all(connection, key, {name: value})


async def recall(connection: AsyncConnection, key: bytes, name: str) -> Value | None:
    """What was kept under a name."""
    body = await connection.scalar(select(StateRow.body).where(StateRow.name == name))
    return None if body is None else open_value(key, bytes(body), "state", name)


async def note_next(connection: AsyncConnection, key: bytes, numbers: Mapping[bytes, int]) -> None:
    """Note the next number of each of these threads, by its reference; it never goes back."""
    states = await _threads(connection, key, numbers)
    values = {
        reference.hex(): {**states.get(reference, {}), "next": number}
        for reference, number in numbers.items()
        if int(states.get(reference, {}).get("next", -1)) < number
    }
    await _remember_all(connection, key, values)


async def next_numbers(connection: AsyncConnection, key: bytes) -> dict[bytes, int]:
    """The next number of every thread, by its reference."""
    rows = await connection.execute(select(StateRow.name, StateRow.body))
    return {
        bytes.fromhex(row.name): int(open_value(key, bytes(row.body), "state", row.name)["next"])
        for row in rows
        if len(row.name) == _REFERENCE_DIGITS
    }


async def next_numbers_of(connection: AsyncConnection, key: bytes, references: Iterable[bytes]) -> dict[bytes, int]:
    """The next number of each of these threads, where it is known."""
    states = await _threads(connection, key, references)
    return {reference: int(state["next"]) for reference, state in states.items()}


async def _threads(connection: AsyncConnection, key: bytes, references: Iterable[bytes]) -> dict[bytes, Value]:
    """What is remembered of these threads: the next number, and the name of the acknowledgement that counts."""
    found: dict[bytes, Value] = {}
    for names in _portions(sorted({one.hex() for one in references})):
        rows = await connection.execute(select(StateRow.name, StateRow.body).where(StateRow.name.in_(names)))
        for row in rows:
            found[bytes.fromhex(row.name)] = open_value(key, bytes(row.body), "state", row.name)
    return found


async def _remember_all(connection: AsyncConnection, key: bytes, values: Mapping[str, Value]) -> None:
    if not values:
        return
    await connection.execute(
        delete(StateRow).where(StateRow.name == bindparam("of_name")), [{"of_name": name} for name in values]
    )
    rows = [{"name": name, "body": seal_value(key, value, "state", name)} for name, value in values.items()]
    await connection.execute(insert(StateRow), rows)


def _portions(names: Sequence[_Name]) -> Iterator[Sequence[_Name]]:
    """A statement takes only so many parameters."""
    return (names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE))


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


@functools.lru_cache(maxsize=_AT_HAND)
def _record(key: bytes, name: bytes, body: bytes) -> Record:
    """Opened once: every board has all of them, and few have changed since the last one."""
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
