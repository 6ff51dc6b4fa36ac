"""Uploads: from the first chunk to the moment in which the envelope becomes visible.

States of an upload, by where its random name stands:

    nowhere    --chunk 0-->           uploads       one row per chunk, each committed by itself
    uploads    --next chunk-->        uploads       an earlier chunk again, with the same bytes, changes nothing
    uploads    --finish, right size-> tombstones    the envelope's row appears in the same transaction
    uploads    --delete, or a day-->  nowhere
    tombstones --finish-->            tombstones    so that a lost answer can be asked for again
    tombstones --two days-->          nowhere

The envelope has a random key of its own. When the upload finishes, the row that held both names goes.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Row, case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.intake import days
from dropbox.intake.context import Context
from dropbox.intake.erasure import Erasure
from dropbox.intake.errors import Code, Refusal
from dropbox.intake.tables import BulletinRow, ChunkRow, EnvelopeRow, ReceivedRow, TombstoneRow, UploadRow
from dropbox.protocol import sizes
from dropbox.protocol.errors import ProtocolError, UnknownVersion

KEY_BYTES: Final = 16

TEXT_BYTES: Final = min(sizes.ENVELOPE_LADDER)
"""An envelope that holds a text and no file. It is one chunk, so its upload takes a moment."""

FIRST_CHUNKS: Final = frozenset(min(size, sizes.UPLOAD_CHUNK) for size in sizes.ENVELOPE_LADDER)
"""How long a first chunk may be: a whole small envelope, or a full chunk."""

UploadColumns = Row[tuple[bytes, bytes, int, int, int, int, int, int]]


@dataclass(frozen=True)
class Progress:
    """How far an upload is. Of a finished one nothing is kept that could say how many chunks it had: 0."""

    chunks: int
    finished: bool


class Uploads:
    """The part of the store that reporters write to."""

    def __init__(self, context: Context, erasure: Erasure) -> None:
        """Work on this context."""
        self._context = context
        self._erasure = erasure
        self._limits = context.limits

    async def put_chunk(self, upload: bytes, place: int, body: bytes) -> None:
        """Store one chunk, committed when this returns. Raises Refusal."""
        if not 0 < len(body) <= sizes.UPLOAD_CHUNK:
            raise Refusal(Code.BAD_CHUNK)
        async with self._context.database.write() as connection:
            row = await _row(connection, upload)
            if row is None:
                # Under the lock, look again: the same chunk may have been sent twice at once.
                await self._context.lock_quotas(connection)
                row = await _row(connection, upload, lock=False)
            if row is None:
                await self._begin(connection, upload, place, body)
            elif place < row.chunks:
                await _same(connection, row, place, body)
            else:
                await self._append(connection, row, place, body)

    async def progress(self, upload: bytes) -> Progress:
        """Say how many chunks are stored. Raises Refusal for an unknown upload."""
        async with self._context.database.read() as connection:
            chunks = await connection.scalar(select(UploadRow.chunks).where(UploadRow.upload == upload))
            if chunks is not None:
                return Progress(chunks, finished=False)
            if await is_buried(connection, upload):
                return Progress(0, finished=True)
        raise Refusal(Code.UNKNOWN_UPLOAD)

    async def finish(self, upload: bytes, size: int) -> None:
        """Make the envelope visible in one step; a second time changes nothing. Raises Refusal."""
        async with self._context.database.write() as connection:
            row = await _row(connection, upload)
            if row is None:
                if await is_buried(connection, upload):
                    return
                raise Refusal(Code.UNKNOWN_UPLOAD)
            if row.size != size or size not in sizes.ENVELOPE_LADDER:
                raise Refusal(Code.BAD_SIZE)
            await self._context.lock_quotas(connection)
            await connection.execute(
                insert(EnvelopeRow).values(envelope=row.envelope, day=row.day, revision=row.revision, size=size)
            )
            await connection.execute(delete(UploadRow).where(UploadRow.upload == upload))
            await bury(connection, upload, self._context.today)
            await self._count(connection)

    async def remove(self, upload: bytes) -> None:
        """Leave nothing of an unfinished upload; an unknown one is already gone. Raises Refusal for a finished one.

        Its bytes go as those of a confirmed envelope do.
        """
        async with self._context.database.write() as connection:
            row = await _row(connection, upload)
            if row is None:
                if await is_buried(connection, upload):
                    raise Refusal(Code.CONFLICT)
                return
            await connection.execute(delete(UploadRow).where(UploadRow.upload == upload))
        await self._erasure.delete_chunks(row.envelope)
        await self._erasure.empty_log()

    async def _begin(self, connection: AsyncConnection, upload: bytes, place: int, body: bytes) -> None:
        if await is_buried(connection, upload):
            raise Refusal(Code.CONFLICT)
        if place != 0:
            raise Refusal(Code.UNKNOWN_UPLOAD)
        prefix = await self._accepted_prefix(connection, body)
        await self._require_place(connection, len(body))
        # A chunk that is not full is the whole envelope: nothing follows it, so nothing is set aside.
        reserved = self._limits.reserve_bytes if len(body) == sizes.UPLOAD_CHUNK else len(body)
        await self._require_room(connection, reserved, text=len(body) == TEXT_BYTES)
        envelope = self._context.random(KEY_BYTES)
        await connection.execute(
            insert(UploadRow).values(
                upload=upload,
                envelope=envelope,
                started_day=self._context.today,
                day=prefix.day,
                revision=prefix.revision,
                chunks=1,
                size=len(body),
                reserved=reserved,
            )
        )
        await connection.execute(insert(ChunkRow).values(envelope=envelope, place=0, body=body))

    async def _append(self, connection: AsyncConnection, row: UploadColumns, place: int, body: bytes) -> None:
        # A short chunk is the last one: after it the size is no longer a multiple of a chunk's.
        if place != row.chunks or row.size != row.chunks * sizes.UPLOAD_CHUNK:
            raise Refusal(Code.BAD_CHUNK)
        size = row.size + len(body)
        if size > sizes.ENVELOPE_MAX:
            raise Refusal(Code.TOO_LARGE)
        reserved = row.reserved
        if size > reserved:
            await self._context.lock_quotas(connection)
            await self._require_room(connection, self._limits.reserve_bytes)
            reserved += self._limits.reserve_bytes
        await connection.execute(insert(ChunkRow).values(envelope=row.envelope, place=place, body=body))
        await connection.execute(
            update(UploadRow)
            .where(UploadRow.upload == row.upload)
            .values(chunks=place + 1, size=size, reserved=reserved)
        )

    async def _accepted_prefix(self, connection: AsyncConnection, body: bytes) -> sizes.Prefix:
        try:
            prefix = sizes.Prefix.from_bytes(body[: sizes.PREFIX])
        except UnknownVersion:
            raise Refusal(Code.BAD_VERSION) from None
        except ProtocolError:
            raise Refusal(Code.BAD_SIZE) from None
        if not days.accepts(self._context.clock(), prefix.day):
            raise Refusal(Code.BAD_DAY)
        held = await connection.scalar(
            select(BulletinRow.day).where(BulletinRow.day == prefix.day, BulletinRow.revision == prefix.revision)
        )
        if held is None:
            raise Refusal(Code.BAD_DAY)
        if len(body) not in FIRST_CHUNKS:
            raise Refusal(Code.BAD_SIZE)  # no envelope begins so: it would only occupy a place
        return prefix

    async def _require_place(self, connection: AsyncConnection, first: int) -> None:
        """Raise Refusal unless one more upload may begin. Texts have places of their own.

        Otherwise a few uploads of files that never end would keep out every report, also those that take a moment.
        """
        texts = func.count(case((UploadRow.size == TEXT_BYTES, 1)))
        unfinished, unfinished_texts = (await connection.execute(select(func.count(), texts))).one()
        taken, most = unfinished - unfinished_texts, self._limits.uploads_at_once
        if first == TEXT_BYTES:
            taken, most = unfinished_texts, self._limits.texts_at_once
        if taken >= most:
            raise Refusal(Code.TOO_MANY_UPLOADS)
        finished = await connection.scalar(select(ReceivedRow.envelopes).where(ReceivedRow.day == self._context.today))
        if (finished or 0) + unfinished >= self._limits.envelopes_per_day:
            raise Refusal(Code.FULL)

    async def _require_room(self, connection: AsyncConnection, more: int, *, text: bool = False) -> None:
        """Raise Refusal unless `more` bytes can be reserved beside what waits and what is reserved.

        The part of the room that unfinished uploads have does not bind a text: it is bounded by the number of texts.
        """
        reserved = int(await connection.scalar(select(func.sum(UploadRow.reserved))) or 0)
        waiting = int(await connection.scalar(select(func.sum(EnvelopeRow.size))) or 0)
        unfinished = 0 if text else reserved + more
        if unfinished > self._limits.upload_bytes or waiting + reserved + more > self._limits.waiting_bytes:
            raise Refusal(Code.FULL)

    async def _count(self, connection: AsyncConnection) -> None:
        today = self._context.today
        counted = await connection.execute(
            update(ReceivedRow).where(ReceivedRow.day == today).values(envelopes=ReceivedRow.envelopes + 1)
        )
        if counted.rowcount == 0:
            await connection.execute(insert(ReceivedRow).values(day=today, envelopes=1))


async def bury(connection: AsyncConnection, token: bytes, today: int) -> None:
    """Remember that this random name is done with."""
    if not await is_buried(connection, token):
        await connection.execute(insert(TombstoneRow).values(token=token, day=today))


async def is_buried(connection: AsyncConnection, token: bytes) -> bool:
    """Whether this random name is done with."""
    found = await connection.scalar(select(TombstoneRow.day).where(TombstoneRow.token == token))
    return found is not None


async def _row(connection: AsyncConnection, upload: bytes, *, lock: bool = True) -> UploadColumns | None:
    # FOR UPDATE: on PostgreSQL two requests for one upload must follow each other; SQLite leaves the words out.
    # Never while the quotas are locked: that is the other order, and two transactions would wait for each other.
    statement = select(UploadRow.__table__).where(UploadRow.upload == upload)
    return (await connection.execute(statement.with_for_update() if lock else statement)).one_or_none()


async def _same(connection: AsyncConnection, row: UploadColumns, place: int, body: bytes) -> None:
    stored = await connection.scalar(
        select(ChunkRow.body).where(ChunkRow.envelope == row.envelope, ChunkRow.place == place)
    )
    if stored != body:
        raise Refusal(Code.CONFLICT)
