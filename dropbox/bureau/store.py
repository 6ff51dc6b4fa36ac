"""Envelopes on their way through the vault: fetched, waiting, opened or failed (rows only, nothing is opened here).

    fetching -> waiting -> opened -> (confirmed to intake, forgotten)
                        -> failed -> (tried again on another day) -> gone, once its prekey is destroyed

Nothing is confirmed while it is waiting or failed: what cannot be opened today may be opened tomorrow by a repaired
desk, as long as its prekey lives.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau.host import LATEST, Listed
from dropbox.bureau.tables import FileChunkRow, FileRow, IncomingChunkRow, IncomingRow
from dropbox.protocol import sizes


class State(enum.StrEnum):
    """Where an envelope is on its way."""

    FETCHING = "fetching"  # some chunks are here
    WAITING = "waiting"  # all of it is here, sealed
    FAILED = "failed"  # it did not open; it is kept, and tried again on another day
    OPENED = "opened"  # its message is in a case, or was there already; intake is to be told
    GONE = "gone"  # it never opened and its prekey is destroyed; intake is to be told
    FORGOTTEN = "forgotten"  # as gone, and intake was told; the failure stays visible for a while


@dataclass(frozen=True)
class Envelope:
    """One row of `incoming`.  `day` is never far after the one on which it came: a host once could say any."""

    envelope: bytes
    day: int
    revision: int
    size: int
    state: State
    reason: str
    first_day: int
    last_day: int
    tries: int

    @property
    def chunks(self) -> int:
        """How many MiB it takes, the last one begun."""
        return -(-self.size // sizes.UPLOAD_CHUNK)


async def envelopes(connection: AsyncConnection, *states: State) -> list[Envelope]:
    """All envelopes in these states, by their random names."""
    statement = select(IncomingRow.__table__).where(IncomingRow.state.in_([one.value for one in states]))
    rows = await connection.execute(statement.order_by(IncomingRow.envelope))
    return [
        Envelope(
            bytes(row.envelope), min(row.day, row.first_day + LATEST), row.revision, row.size, State(row.state),
            row.reason, row.first_day, row.last_day, row.tries,
        )
        for row in rows
    ]  # fmt: skip


async def known(connection: AsyncConnection) -> dict[bytes, State]:
    """The state of every envelope that has a row."""
    rows = await connection.execute(select(IncomingRow.envelope, IncomingRow.state))
    return {bytes(row.envelope): State(row.state) for row in rows}


async def count(connection: AsyncConnection, state: State) -> int:
    """How many envelopes are in a state."""
    found = await connection.scalar(
        select(func.count()).select_from(IncomingRow).where(IncomingRow.state == state.value)
    )
    return found or 0


async def begin(connection: AsyncConnection, listed: Collection[Listed], today: int) -> None:
    """Begin to fetch envelopes.

    All that are new in a listing, in one transaction: the first message of a dialogue then has its row before a later
    one can be waiting, and `are_settled` can tell.
    """
    rows = [
        {
            "envelope": one.envelope, "day": one.day, "revision": one.revision, "size": one.size,
            "state": State.FETCHING.value, "reason": "", "first_day": today, "last_day": 0, "tries": 0,
        }
        for one in listed
    ]  # fmt: skip
    if rows:
        await connection.execute(insert(IncomingRow), rows)


async def begin_chunks(connection: AsyncConnection, listed: Listed, body: bytes) -> None:
    """Store the first chunk, whose prefix was compared with the listing: only from now on its day is believed."""
    described = update(IncomingRow).where(IncomingRow.envelope == listed.envelope)
    await connection.execute(described.values(day=listed.day, revision=listed.revision, size=listed.size))
    await add_chunk(connection, listed.envelope, 0, body)


async def receive(connection: AsyncConnection, whole: Collection[tuple[Listed, bytes]]) -> None:
    """Store envelopes of one chunk each, prefixes compared as for `begin_chunks`: they wait from now on."""
    if not whole:
        return
    names = [{"name": one.envelope} for one, _ in whole]
    of_name = IncomingChunkRow.envelope == bindparam("name")
    await connection.execute(delete(IncomingChunkRow).where(of_name), names)  # an interrupted fetch may have left it
    chunks = [{"envelope": one.envelope, "place": 0, "body": body} for one, body in whole]
    await connection.execute(insert(IncomingChunkRow), chunks)
    described = update(IncomingRow).where(IncomingRow.envelope == bindparam("name"))
    await connection.execute(
        described.values(
            day=bindparam("of_day"),
            revision=bindparam("of_revision"),
            size=bindparam("of_size"),
            state=State.WAITING.value,
        ),
        [
            {"name": one.envelope, "of_day": one.day, "of_revision": one.revision, "of_size": one.size}
            for one, _ in whole
        ],
    )


async def chunks_here(connection: AsyncConnection, envelope: bytes) -> int:
    """How many chunks of it are stored; they are stored in order."""
    found = await connection.scalar(
        select(func.count()).select_from(IncomingChunkRow).where(IncomingChunkRow.envelope == envelope)
    )
    return found or 0


async def add_chunk(connection: AsyncConnection, envelope: bytes, place: int, body: bytes) -> None:
    """Store a chunk."""
    await connection.execute(insert(IncomingChunkRow).values(envelope=envelope, place=place, body=body))


async def chunk(connection: AsyncConnection, envelope: bytes, place: int) -> bytes:
    """One stored chunk."""
    of_place = (IncomingChunkRow.envelope == envelope) & (IncomingChunkRow.place == place)
    return bytes(await connection.scalar(select(IncomingChunkRow.body).where(of_place)) or b"")


async def only_chunks(connection: AsyncConnection, envelopes_: Collection[Envelope]) -> dict[bytes, bytes]:
    """The chunk of each of these that has but one, by name."""
    names = [one.envelope for one in envelopes_ if one.chunks == 1]
    rows = await connection.execute(
        select(IncomingChunkRow.envelope, IncomingChunkRow.body).where(IncomingChunkRow.envelope.in_(names))
    )
    return {bytes(row.envelope): bytes(row.body) for row in rows}


async def move(connection: AsyncConnection, names: Collection[bytes], state: State) -> None:
    """Change the state; an envelope that is done with loses its bytes in the same transaction."""
    if not names:
        return
    moved = update(IncomingRow).where(IncomingRow.envelope == bindparam("name")).values(state=state.value)
    await connection.execute(moved, [{"name": name} for name in names])
    if state in {State.OPENED, State.GONE}:
        of_name = IncomingChunkRow.envelope == bindparam("name")
        await connection.execute(delete(IncomingChunkRow).where(of_name), [{"name": name} for name in names])


async def fail(connection: AsyncConnection, envelope: bytes, reason: str, today: int) -> None:
    """Note that it did not open, and why."""
    await connection.execute(
        update(IncomingRow)
        .where(IncomingRow.envelope == envelope)
        .values(state=State.FAILED.value, reason=reason, last_day=today, tries=IncomingRow.tries + 1)
    )


async def begin_again(connection: AsyncConnection, envelope: bytes) -> None:
    """Fetch an envelope anew that did not open: what intake sent the first time may have been damaged."""
    await connection.execute(delete(IncomingChunkRow).where(IncomingChunkRow.envelope == envelope))
    await connection.execute(
        update(IncomingRow).where(IncomingRow.envelope == envelope).values(state=State.FETCHING.value)
    )


async def forget(connection: AsyncConnection, names: Collection[bytes]) -> None:
    """Drop these rows and whatever is stored of them."""
    if not names:
        return
    for table in (IncomingChunkRow, IncomingRow):
        of_name = table.envelope == bindparam("name")
        await connection.execute(delete(table).where(of_name), [{"name": name} for name in names])


async def stage_file(connection: AsyncConnection, file: bytes) -> None:
    """Begin a file that belongs to no case yet."""
    await connection.execute(insert(FileRow).values(file=file, case_id=None))


async def add_file_chunk(connection: AsyncConnection, file: bytes, place: int, body: bytes) -> None:
    """Store a sealed piece of a file."""
    await connection.execute(insert(FileChunkRow).values(file=file, place=place, body=body))


async def give_file(connection: AsyncConnection, file: bytes, case_id: bytes) -> None:
    """From now on the file belongs to this case."""
    await connection.execute(update(FileRow).where(FileRow.file == file).values(case_id=case_id))


async def file_chunk(connection: AsyncConnection, file: bytes, place: int) -> bytes | None:
    """One sealed piece of a file, None after the last."""
    of_place = (FileChunkRow.file == file) & (FileChunkRow.place == place)
    body = await connection.scalar(select(FileChunkRow.body).where(of_place))
    return None if body is None else bytes(body)


async def drop_staged(connection: AsyncConnection) -> None:
    """Delete files that belong to no case: what an interrupted or failed opening left.  Only one opening at a time."""
    staged = select(FileRow.file).where(FileRow.case_id.is_(None))
    await connection.execute(delete(FileChunkRow).where(FileChunkRow.file.in_(staged)))
    await connection.execute(delete(FileRow).where(FileRow.case_id.is_(None)))


async def drop_unneeded(connection: AsyncConnection, files: Collection[bytes]) -> None:
    """Delete staged files of messages that are here already."""
    if not files:
        return
    for table in (FileChunkRow, FileRow):
        await connection.execute(delete(table).where(table.file == bindparam("name")), [{"name": one} for one in files])


async def drop_files(connection: AsyncConnection, case_id: bytes) -> None:
    """Delete every file of a case."""
    of_case = select(FileRow.file).where(FileRow.case_id == case_id)
    await connection.execute(delete(FileChunkRow).where(FileChunkRow.file.in_(of_case)))
    await connection.execute(delete(FileRow).where(FileRow.case_id == case_id))
