"""Deleting so that nothing is left: bytes some at a time, then SQLite's log, which still holds them."""

from typing import Final

from sqlalchemy import delete, select

from dropbox.intake.context import Context
from dropbox.intake.tables import ChunkRow

CHUNKS_PER_DELETION: Final = 32
"""Deleting writes zeros: 32 MiB at a time let uploads through in between."""


class Erasure:
    """What uploads, envelopes and mailboxes delete with."""

    def __init__(self, context: Context) -> None:
        """Work on this context."""
        self._context = context
        self._owed = False

    async def delete_chunks(self, *keys: bytes) -> None:
        """Delete the bytes of envelopes whose rows are gone, some at a time. A crash leaves the rest to the sweep."""
        places = select(ChunkRow.envelope, ChunkRow.place).order_by(ChunkRow.envelope, ChunkRow.place)
        left = list(keys)
        while left:
            async with self._context.database.write() as connection:
                of_keys = places.where(ChunkRow.envelope.in_(left[:CHUNKS_PER_DELETION]))
                found = list(await connection.execute(of_keys.limit(CHUNKS_PER_DELETION)))
                if found:
                    # In their order: whole envelopes, and of the last one what comes before the last place found.
                    whole, last = {row.envelope for row in found} - {found[-1].envelope}, found[-1]
                    of_last = (ChunkRow.envelope == last.envelope) & (ChunkRow.place <= last.place)
                    await connection.execute(delete(ChunkRow).where(ChunkRow.envelope.in_(whole) | of_last))
            if len(found) < CHUNKS_PER_DELETION:  # these have no more
                del left[:CHUNKS_PER_DELETION]

    async def empty_log(self) -> None:
        """Empty SQLite's log of what was deleted. Where a reader is in the way, `settle` does it later."""
        emptied = False
        try:
            emptied = await self._context.database.checkpoint_truncate()
        finally:
            self._owed = not emptied

    async def settle(self) -> None:
        """Empty the log if that is still owed; called on a timer."""
        if self._owed:
            await self.empty_log()
