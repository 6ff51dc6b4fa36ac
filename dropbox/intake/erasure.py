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

    async def delete_chunks(self, key: bytes) -> None:
        """Delete the bytes of an envelope whose row is gone, some at a time. A crash leaves the rest to the sweep."""
        places = select(ChunkRow.place).where(ChunkRow.envelope == key).order_by(ChunkRow.place)
        while True:
            async with self._context.database.write() as connection:
                found = list(await connection.scalars(places.limit(CHUNKS_PER_DELETION)))
                if not found:
                    return
                await connection.execute(delete(ChunkRow).where(ChunkRow.envelope == key, ChunkRow.place <= found[-1]))

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
