"""The daily job: forget what is over, and leave no trace of it in SQLite's files."""

from sqlalchemy import delete, select, union

from dropbox.intake.context import Context
from dropbox.intake.envelopes import Envelopes
from dropbox.intake.limits import TOMBSTONE_DAYS, UPLOAD_DAYS
from dropbox.intake.tables import (
    BulletinRow,
    ChunkRow,
    ConfirmationRow,
    EnvelopeRow,
    NonceRow,
    ReceivedRow,
    TombstoneRow,
    UploadRow,
)
from dropbox.protocol import sizes


class Housekeeping:
    """Sweeps what is over; the only part that deletes without being asked."""

    def __init__(self, context: Context, envelopes: Envelopes) -> None:
        """Work on this context."""
        self._context = context
        self._envelopes = envelopes

    async def sweep(self) -> None:
        """Delete unfinished uploads from before yesterday, envelopes that nobody can open any more, and leftovers.

        An envelope ends with its prekey, on day d + 30; its bulletin stays a day longer.
        """
        today = self._context.today
        async with self._context.database.write() as connection:
            await self._context.lock_quotas(connection)
            for over in (
                delete(UploadRow).where(UploadRow.started_day < today - UPLOAD_DAYS),
                delete(EnvelopeRow).where(EnvelopeRow.day < today - sizes.PREKEY_LAST_DAY),
                delete(BulletinRow).where(BulletinRow.day < today - sizes.PREKEY_LAST_DAY - 1),
                delete(TombstoneRow).where(TombstoneRow.day < today - TOMBSTONE_DAYS),
                delete(ReceivedRow).where(ReceivedRow.day < today),
                # The day of `expires` and the next one: longer than any difference of clocks that is allowed.
                delete(NonceRow).where(NonceRow.day < today - 1),
                delete(ConfirmationRow).where(ConfirmationRow.envelope.not_in(select(EnvelopeRow.envelope))),
            ):
                await connection.execute(over)
        await self._sweep_orphans()
        await self._envelopes.checkpoint()

    async def maintain(self) -> None:
        """Sweep, then rewrite the file, so that the place of a row no longer tells when it came.

        The rewrite spills to disk: every row is ciphertext or public, and may be gigabytes.
        """
        await self.sweep()
        await self._context.database.vacuum(spill_to_disk=True)
        await self._envelopes.checkpoint()

    async def _sweep_orphans(self) -> None:
        """Delete chunks that belong to nothing: of swept uploads, expired envelopes, or an interrupted deletion."""
        kept = union(select(EnvelopeRow.envelope), select(UploadRow.envelope))
        async with self._context.database.read() as connection:
            orphans = list(
                await connection.scalars(select(ChunkRow.envelope).distinct().where(ChunkRow.envelope.not_in(kept)))
            )
        for key in orphans:
            await self._envelopes.delete_chunks(bytes(key))
