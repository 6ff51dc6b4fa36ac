"""Complete envelopes: listed, fetched in chunks, and deleted once every recipient of their bulletin has them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.intake.context import Context
from dropbox.intake.erasure import Erasure
from dropbox.intake.errors import Code, Refusal
from dropbox.intake.limits import LISTED
from dropbox.intake.tables import BulletinRow, ChunkRow, ConfirmationRow, EnvelopeRow
from dropbox.protocol import sizes


@dataclass(frozen=True)
class Listed:
    """What the desk is told of an envelope: its random key, size, and the bulletin that it was sealed to."""

    key: bytes
    size: int
    day: int
    revision: int


class Envelopes:
    """The part of the store that the desk reads and empties."""

    def __init__(self, context: Context, erasure: Erasure) -> None:
        """Work on this context."""
        self._context = context
        self._erasure = erasure

    async def listing(self, after: bytes) -> tuple[Listed, ...]:
        """Give at most 10,000 envelopes with a key greater than `after`, sorted by key: by chance, not by arrival."""
        statement = select(EnvelopeRow.__table__).where(EnvelopeRow.envelope > after)
        async with self._context.database.read() as connection:
            rows = await connection.execute(statement.order_by(EnvelopeRow.envelope).limit(LISTED))
            return tuple(Listed(row.envelope, row.size, row.day, row.revision) for row in rows)

    async def chunk(self, key: bytes, place: int) -> bytes:
        """Give one chunk of a complete envelope. Raises Refusal."""
        statement = (
            select(ChunkRow.body)
            .join(EnvelopeRow, EnvelopeRow.envelope == ChunkRow.envelope)
            .where(ChunkRow.envelope == key, ChunkRow.place == place)
        )
        async with self._context.database.read() as connection:
            body = await connection.scalar(statement)
        if body is None:
            raise Refusal(Code.UNKNOWN_KEY)
        return bytes(body)

    async def confirm(self, recipient: bytes, keys: Sequence[bytes]) -> None:
        """Note that a recipient has these envelopes; keys that are gone, or were not sealed to it, are passed over.

        When this returns, what every recipient has is deleted. On SQLite no file holds its bytes then, unless a reader
        of the database is in the way: then it is tried again every minute.
        """
        in_order = sorted(set(keys))  # the same for everyone: two desks cannot wait for each other
        async with self._context.database.write() as connection:
            complete = await _confirm(connection, recipient, in_order)
            await _forget(connection, complete)
        if complete:
            await self._erasure.delete_chunks(*complete)
            await self._erasure.empty_log()


async def _confirm(connection: AsyncConnection, recipient: bytes, keys: Sequence[bytes]) -> list[bytes]:
    """Note the confirmations; gives the envelopes of whose bulletin no recipient is missing any more."""
    statement = (
        select(EnvelopeRow.envelope, BulletinRow.recipients)
        .join(BulletinRow, (EnvelopeRow.day == BulletinRow.day) & (EnvelopeRow.revision == BulletinRow.revision))
        .where(EnvelopeRow.envelope.in_(keys))
        .order_by(EnvelopeRow.envelope)
        .with_for_update(of=EnvelopeRow)
    )
    sealed_to = {row.envelope: _split(row.recipients) for row in await connection.execute(statement)}
    missing = {key: recipients for key, recipients in sealed_to.items() if recipient in recipients}
    for row in await connection.execute(
        select(ConfirmationRow.envelope, ConfirmationRow.recipient).where(ConfirmationRow.envelope.in_(list(missing)))
    ):
        missing[row.envelope].discard(row.recipient)
    new = [{"envelope": key, "recipient": recipient} for key, left in missing.items() if recipient in left]
    if new:
        await connection.execute(insert(ConfirmationRow), new)
    return [key for key, left in missing.items() if left <= {recipient}]


async def _forget(connection: AsyncConnection, keys: Sequence[bytes]) -> None:
    """Make envelopes invisible. Their chunks go next, in transactions of their own."""
    rows = [{"key": key} for key in keys]
    if rows:
        await connection.execute(delete(EnvelopeRow).where(EnvelopeRow.envelope == bindparam("key")), rows)
        await connection.execute(delete(ConfirmationRow).where(ConfirmationRow.envelope == bindparam("key")), rows)


def _split(recipients: bytes) -> set[bytes]:
    step = sizes.RECIPIENT_ID
    return {recipients[start : start + step] for start in range(0, len(recipients), step)}
