"""The daily job: forget what is over, and leave no trace of it in SQLite's files."""

import logging

from sqlalchemy import delete, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.intake.context import Context
from dropbox.intake.erasure import Erasure
from dropbox.intake.limits import FUTURE_BULLETIN_DAYS, TOMBSTONE_DAYS, UPLOAD_DAYS
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
from dropbox.protocol.bulletin import FALLBACK_DAYS_AHEAD

logger = logging.getLogger("dropbox.intake")


class Housekeeping:
    """Sweeps what is over; the only part that deletes without being asked."""

    def __init__(self, context: Context, erasure: Erasure) -> None:
        """Work on this context."""
        self._context = context
        self._erasure = erasure

    async def sweep(self) -> None:
        """Delete unfinished uploads from before yesterday, envelopes that nobody can open any more, and leftovers.

        An envelope ends with its prekey, on day d + 30; its bulletin stays a day longer. This host's clock alone is not
        believed: one start with a clock a year ahead would destroy every report that waits.
        """
        async with self._context.database.write() as connection:
            await connection.run_sync(self._context.lock_quotas)
            await self._sweep_by_date(connection)
            forgotten = ConfirmationRow.envelope.not_in(select(EnvelopeRow.envelope))
            await connection.execute(delete(ConfirmationRow).where(forgotten))
        await self._sweep_orphans()
        await self._erasure.empty_log()

    async def maintain(self) -> None:
        """Sweep, then rewrite the file, so that the place of a row no longer tells when it came.

        The rewrite spills to disk: every row is ciphertext or public, and may be gigabytes.
        """
        await self.sweep()
        await self._context.database.vacuum(spill_to_disk=True)
        await self._erasure.empty_log()

    async def _sweep_by_date(self, connection: AsyncConnection) -> None:
        """Delete what is over by this host's clock and, for what the bureau waits for, also by what the bureau signed.

        The bureau signs bulletins 60 days ahead, so the newest one tells a day that it has certainly reached.
        """
        today = self._context.today
        newest = await connection.scalar(select(func.max(BulletinRow.day)))
        if newest is None:
            return  # nothing was ever taken
        if not today <= newest <= today + FUTURE_BULLETIN_DAYS:
            logger.error(
                "Nothing was deleted by date: this host's clock does not fit the bulletins that it holds. "
                "Set the clock, or have the desk publish."
            )
            return
        signed_day = min(today, newest - FALLBACK_DAYS_AHEAD)
        for over in (
            # Begun in the future: by a clock that was ahead, and would stay for as long.
            delete(UploadRow).where(
                or_(UploadRow.started_day < today - UPLOAD_DAYS, UploadRow.started_day > today + UPLOAD_DAYS)
            ),
            delete(EnvelopeRow).where(EnvelopeRow.day < signed_day - sizes.PREKEY_LAST_DAY),
            delete(BulletinRow).where(BulletinRow.day < signed_day - sizes.PREKEY_LAST_DAY - 1),
            delete(TombstoneRow).where(TombstoneRow.day < today - TOMBSTONE_DAYS),
            delete(ReceivedRow).where(ReceivedRow.day < today),
            # The day of `expires` and the next one: longer than any difference of clocks that is allowed.
            delete(NonceRow).where(NonceRow.day < today - 1),
        ):
            await connection.execute(over)

    async def _sweep_orphans(self) -> None:
        """Delete chunks that belong to nothing: of swept uploads, expired envelopes, or an interrupted deletion."""
        kept = union(select(EnvelopeRow.envelope), select(UploadRow.envelope))
        async with self._context.database.read() as connection:
            orphans = list(
                await connection.scalars(select(ChunkRow.envelope).distinct().where(ChunkRow.envelope.not_in(kept)))
            )
        for key in orphans:
            await self._erasure.delete_chunks(bytes(key))
