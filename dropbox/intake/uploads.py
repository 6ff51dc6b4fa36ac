"""Uploads: from the first chunk to the moment in which the envelope becomes visible.

States of an upload, by where its random name stands:

    nowhere    --whole, small-->      tombstones    everything in one transaction: durable and visible at once
    nowhere    --chunk 0-->           uploads       one row per chunk, each committed by itself
    uploads    --next chunk-->        uploads       an earlier chunk again, with the same bytes, changes nothing
    uploads    --finish, right size-> tombstones    the envelope's row appears in the same transaction
    uploads    --finish, other content than the name is bound to--> nowhere
    uploads    --delete, or a day-->  nowhere
    tombstones --finish, whole-->     tombstones    so that a lost answer can be asked for again
    tombstones --two days-->          nowhere

The envelope has a random key of its own. When the upload finishes, the row that held both names goes.

A name of 32 bytes is bound to a content (docs/protocol.md, section 13.2): under it nobody completes another one.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from dropbox.intake import days
from dropbox.intake.context import Context
from dropbox.intake.erasure import Erasure
from dropbox.intake.errors import Code, Refusal
from dropbox.intake.quotas import TEXT_BYTES, Taken
from dropbox.intake.tables import BulletinRow, ChunkRow, EnvelopeRow, ReceivedRow, TombstoneRow, UploadRow
from dropbox.protocol import sizes
from dropbox.protocol.errors import ProtocolError, UnknownVersion
from dropbox.protocol.upload_name import NAME, NOTHING, UploadName, grown

KEY_BYTES: Final = 16

FIRST_CHUNKS: Final = frozenset(min(size, sizes.UPLOAD_CHUNK) for size in sizes.ENVELOPE_LADDER)
"""How long a first chunk may be: a whole small envelope, or a full chunk. The same lengths go in one request."""

UploadColumns = Row[tuple[bytes, bytes, int, int, int, int, int, int, bytes | None]]

# Made once: building a statement costs more than SQLite needs to run it.
_UPLOAD: Final = select(UploadRow.__table__).where(UploadRow.upload == bindparam("upload"))
# FOR UPDATE: on PostgreSQL two requests for one upload must follow each other; SQLite leaves the words out.
# Never while the quotas are locked: that is the other order, and two transactions would wait for each other.
_UPLOAD_LOCKED: Final = _UPLOAD.with_for_update()
_BURIED: Final = select(TombstoneRow.day).where(TombstoneRow.token == bindparam("token"))
_BULLETIN: Final = select(BulletinRow.day).where(
    BulletinRow.day == bindparam("day"), BulletinRow.revision == bindparam("revision")
)
_CHUNK: Final = select(ChunkRow.body).where(
    ChunkRow.envelope == bindparam("envelope"), ChunkRow.place == bindparam("place")
)
_GROW: Final = (
    update(UploadRow)
    .where(UploadRow.upload == bindparam("name"))
    .values(
        chunks=bindparam("chunks"),
        size=bindparam("size"),
        reserved=bindparam("reserved"),
        content=bindparam("content"),
    )
)
_END: Final = delete(UploadRow).where(UploadRow.upload == bindparam("upload"))
_COUNT: Final = (
    update(ReceivedRow).where(ReceivedRow.day == bindparam("today")).values(envelopes=ReceivedRow.envelopes + 1)
)
_ADD_UPLOAD: Final = insert(UploadRow)
_ADD_CHUNK: Final = insert(ChunkRow)
_ADD_ENVELOPE: Final = insert(EnvelopeRow)
_ADD_TOMBSTONE: Final = insert(TombstoneRow)
_ADD_COUNT: Final = insert(ReceivedRow)


@dataclass(frozen=True)
class Progress:
    """How far an upload is. Of a finished one nothing is kept that could say how many chunks it had: 0.

    `content` is their hash where the name is bound to it.
    """

    chunks: int
    finished: bool
    content: bytes | None = None


class Uploads:
    """The part of the store that reporters write to. Each request is one transaction, written as one function."""

    def __init__(self, context: Context, erasure: Erasure) -> None:
        """Work on this context."""
        self._context = context
        self._erasure = erasure
        self._limits = context.limits

    async def put_whole(self, upload: bytes, body: bytes) -> None:
        """Store a small envelope and make it visible, in one step; a second time changes nothing. Raises Refusal."""
        prefix = _prefix(body)
        await self._context.database.transact(lambda connection: self._whole(connection, upload, prefix, body))

    async def put_chunk(self, upload: bytes, place: int, body: bytes) -> None:
        """Store one chunk, committed when this returns. Raises Refusal."""
        if not 0 < len(body) <= sizes.UPLOAD_CHUNK:
            raise Refusal(Code.BAD_CHUNK)
        await self._context.database.transact(lambda connection: self._chunk(connection, upload, place, body))

    async def progress(self, upload: bytes) -> Progress:
        """Say how many chunks are stored. Raises Refusal for an unknown upload."""
        async with self._context.database.read() as connection:
            columns = select(UploadRow.chunks, UploadRow.content).where(UploadRow.upload == upload)
            if (row := (await connection.execute(columns)).one_or_none()) is not None:
                return Progress(row.chunks, finished=False, content=row.content)
            if await connection.run_sync(is_buried, upload):
                return Progress(0, finished=True)
        raise Refusal(Code.UNKNOWN_UPLOAD)

    async def finish(self, upload: bytes, size: int, salt: bytes = b"") -> None:
        """Make the envelope visible in one step; a second time changes nothing. Raises Refusal.

        `salt` opens a name that is bound to a content. Where another content stands under it, nothing of that stays.
        """
        other = await self._context.database.transact(lambda connection: self._finish(connection, upload, size, salt))
        if other is not None:
            await self._erasure.delete_chunks(other)
            await self._erasure.empty_log()
            raise Refusal(Code.UNKNOWN_UPLOAD)

    async def remove(self, upload: bytes) -> None:
        """Leave nothing of an unfinished upload; an unknown one is already gone. Raises Refusal for a finished one.

        Its bytes go as those of a confirmed envelope do.
        """
        envelope = await self._context.database.transact(lambda connection: _remove(connection, upload))
        if envelope is not None:
            await self._erasure.delete_chunks(envelope)
            await self._erasure.empty_log()

    def _whole(self, connection: Connection, upload: bytes, prefix: sizes.Prefix, body: bytes) -> None:
        self._context.lock_quotas(connection)
        if is_buried(connection, upload):
            return
        if connection.execute(_UPLOAD, {"upload": upload}).one_or_none() is not None:
            raise Refusal(Code.CONFLICT)  # begun in chunks, and goes on so
        self._require_day(connection, prefix)
        taken = Taken.read(connection, self._limits, self._context.today)
        taken.require_one_more()
        taken.require_room(len(body), text=len(body) == TEXT_BYTES)
        envelope = self._context.random(KEY_BYTES)
        self._add(connection, envelope, 0, body)
        self._accept(connection, upload, envelope, prefix, len(body))

    def _chunk(self, connection: Connection, upload: bytes, place: int, body: bytes) -> None:
        row = connection.execute(_UPLOAD_LOCKED, {"upload": upload}).one_or_none()
        if row is None:
            # Under the lock, look again: the same chunk may have been sent twice at once.
            self._context.lock_quotas(connection)
            row = connection.execute(_UPLOAD, {"upload": upload}).one_or_none()
        if row is None:
            self._begin(connection, upload, place, body)
        elif place < row.chunks:
            _same(connection, row, place, body)
        else:
            self._append(connection, row, place, body)

    def _finish(self, connection: Connection, upload: bytes, size: int, salt: bytes) -> bytes | None:
        """Gives the key of the chunks where they are not what the name is bound to; the upload is forgotten then."""
        row = connection.execute(_UPLOAD_LOCKED, {"upload": upload}).one_or_none()
        if row is None:
            if is_buried(connection, upload):
                return None
            raise Refusal(Code.UNKNOWN_UPLOAD)
        if row.size != size or size not in sizes.ENVELOPE_LADDER:
            raise Refusal(Code.BAD_SIZE)
        if is_bound(upload) and not UploadName(salt, upload).fits(row.content or NOTHING):
            connection.execute(_END, {"upload": upload})
            return bytes(row.envelope)
        self._context.lock_quotas(connection)
        connection.execute(_END, {"upload": upload})
        self._accept(connection, upload, row.envelope, row, size)
        return None

    def _accept(
        self, connection: Connection, upload: bytes, envelope: bytes, of: sizes.Prefix | UploadColumns, size: int
    ) -> None:
        """Make an envelope visible whose chunks are all there, and forget what the upload was called."""
        row = {"envelope": envelope, "day": of.day, "revision": of.revision, "size": size}
        connection.execute(_ADD_ENVELOPE, row)
        today = self._context.today
        connection.execute(_ADD_TOMBSTONE, {"token": upload, "day": today})
        if connection.execute(_COUNT, {"today": today}).rowcount == 0:
            connection.execute(_ADD_COUNT, {"day": today, "envelopes": 1})

    def _begin(self, connection: Connection, upload: bytes, place: int, body: bytes) -> None:
        if is_buried(connection, upload):
            raise Refusal(Code.CONFLICT)
        if place != 0:
            raise Refusal(Code.UNKNOWN_UPLOAD)
        prefix, text = _prefix(body), len(body) == TEXT_BYTES
        self._require_day(connection, prefix)
        # A chunk that is not full is the whole envelope: nothing follows it, so nothing is set aside.
        reserved = self._limits.reserve_bytes if len(body) == sizes.UPLOAD_CHUNK else len(body)
        taken = Taken.read(connection, self._limits, self._context.today)
        taken.require_place(text=text)
        taken.require_one_more()
        taken.require_unfinished_room(reserved, text=text)
        envelope = self._context.random(KEY_BYTES)
        row = {
            "upload": upload,
            "envelope": envelope,
            "started_day": self._context.today,
            "day": prefix.day,
            "revision": prefix.revision,
            "chunks": 1,
            "size": len(body),
            "reserved": reserved,
            "content": grown(NOTHING, body) if is_bound(upload) else None,
        }
        connection.execute(_ADD_UPLOAD, row)
        self._add(connection, envelope, 0, body)

    def _append(self, connection: Connection, row: UploadColumns, place: int, body: bytes) -> None:
        # A short chunk is the last one: after it the size is no longer a multiple of a chunk's.
        if place != row.chunks or row.size != row.chunks * sizes.UPLOAD_CHUNK:
            raise Refusal(Code.BAD_CHUNK)
        size = row.size + len(body)
        if size > sizes.ENVELOPE_MAX:
            raise Refusal(Code.TOO_LARGE)
        reserved = row.reserved
        if size > reserved:
            self._context.lock_quotas(connection)
            taken = Taken.read(connection, self._limits, self._context.today)
            taken.require_unfinished_room(self._limits.reserve_bytes, text=False)
            reserved += self._limits.reserve_bytes
        self._add(connection, row.envelope, place, body)
        content = None if row.content is None else grown(row.content, body)
        more = {"name": row.upload, "chunks": place + 1, "size": size, "reserved": reserved, "content": content}
        connection.execute(_GROW, more)

    def _add(self, connection: Connection, envelope: bytes, place: int, body: bytes) -> None:
        number = int.from_bytes(self._context.random(8), "big") >> 1  # SQLite has 63 bits for it
        connection.execute(_ADD_CHUNK, {"number": number, "envelope": envelope, "place": place, "body": body})

    def _require_day(self, connection: Connection, prefix: sizes.Prefix) -> None:
        """Raise Refusal unless the bulletin that this was sealed to is held and its day is accepted."""
        held = {"day": prefix.day, "revision": prefix.revision}
        if not days.accepts(self._context.clock(), prefix.day) or connection.scalar(_BULLETIN, held) is None:
            raise Refusal(Code.BAD_DAY)


def is_bound(upload: bytes) -> bool:
    """Whether a name is bound to a content."""
    return len(upload) == NAME


def bury(connection: Connection, token: bytes, today: int) -> None:
    """Remember that this random name is done with."""
    if not is_buried(connection, token):
        connection.execute(_ADD_TOMBSTONE, {"token": token, "day": today})


def is_buried(connection: Connection, token: bytes) -> bool:
    """Whether this random name is done with."""
    return connection.scalar(_BURIED, {"token": token}) is not None


def _prefix(body: bytes) -> sizes.Prefix:
    """Read the prefix of a first chunk. Raises Refusal, also for a length with which no envelope begins."""
    try:
        prefix = sizes.Prefix.from_bytes(body[: sizes.PREFIX])
    except UnknownVersion:
        raise Refusal(Code.BAD_VERSION) from None
    except ProtocolError:
        raise Refusal(Code.BAD_SIZE) from None
    if len(body) not in FIRST_CHUNKS:
        raise Refusal(Code.BAD_SIZE)  # it would only occupy a place
    return prefix


def _remove(connection: Connection, upload: bytes) -> bytes | None:
    """Forget an unfinished upload, and give the key of its chunks."""
    row = connection.execute(_UPLOAD_LOCKED, {"upload": upload}).one_or_none()
    if row is None:
        if is_buried(connection, upload):
            raise Refusal(Code.CONFLICT)
        return None
    connection.execute(_END, {"upload": upload})
    return bytes(row.envelope)


def _same(connection: Connection, row: UploadColumns, place: int, body: bytes) -> None:
    if connection.scalar(_CHUNK, {"envelope": row.envelope, "place": place}) != body:
        raise Refusal(Code.CONFLICT)
