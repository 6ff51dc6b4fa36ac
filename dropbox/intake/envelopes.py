"""Complete envelopes: listed, fetched in chunks, and deleted once every recipient of their bulletin has them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
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
            complete = [key for key in in_order if await _confirm_one(connection, recipient, key)]
            for key in complete:
                await _forget(connection, key)
        for key in complete:
            await self._erasure.delete_chunks(key)
        if complete:
            await self._erasure.empty_log()


async def _confirm_one(connection: AsyncConnection, recipient: bytes, key: bytes) -> bool:
    """Note one confirmation; True when no recipient of the envelope's bulletin is missing any more."""
    statement = (
        select(BulletinRow.recipients)
        .join(EnvelopeRow, (EnvelopeRow.day == BulletinRow.day) & (EnvelopeRow.revision == BulletinRow.revision))
        .where(EnvelopeRow.envelope == key)
        .with_for_update(of=EnvelopeRow)
    )
    recipients = _split(await connection.scalar(statement) or b"")
    if recipient not in recipients:
        return False
    of_key = select(ConfirmationRow.recipient).where(ConfirmationRow.envelope == key)
    confirmed = set(await connection.scalars(of_key))
    if recipient not in confirmed:
        await connection.execute(insert(ConfirmationRow).values(envelope=key, recipient=recipient))
    return recipients <= confirmed | {recipient}


async def _forget(connection: AsyncConnection, key: bytes) -> None:
    """Make an envelope invisible. Its chunks go next, in transactions of their own."""
    await connection.execute(delete(EnvelopeRow).where(EnvelopeRow.envelope == key))
    await connection.execute(delete(ConfirmationRow).where(ConfirmationRow.envelope == key))


def _split(recipients: bytes) -> set[bytes]:
    step = sizes.RECIPIENT_ID
    return {recipients[start : start + step] for start in range(0, len(recipients), step)}
