"""Two mailboxes of sealed batches: cards from desk to ministry, outcomes from ministry to desk."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import delete, func, insert, select

from dropbox.intake.context import Context
from dropbox.intake.erasure import Erasure
from dropbox.intake.errors import Code, Refusal
from dropbox.intake.tables import BatchRow
from dropbox.intake.uploads import bury, is_buried
from dropbox.protocol import sizes


class Box(StrEnum):
    """Which way a batch travels."""

    CARDS = "cards"
    OUTCOMES = "outcomes"


class Mailboxes:
    """Batches of one fixed size, kept until the other side has confirmed them."""

    def __init__(self, context: Context, erasure: Erasure, cards_per_batch: int) -> None:
        """Work on this context, with batches of so many cards."""
        self._context = context
        self._erasure = erasure
        self.batch_bytes = cards_per_batch * sizes.CARD

    async def put(self, box: Box, batch: bytes, body: bytes) -> None:
        """Keep a batch; the same one again changes nothing, also after it was collected. Raises Refusal."""
        if len(body) != self.batch_bytes:
            raise Refusal(Code.BAD_SIZE)
        async with self._context.database.write() as connection:
            await connection.run_sync(self._context.lock_quotas)
            stored = await connection.scalar(
                select(BatchRow.body).where(BatchRow.box == box.value, BatchRow.batch == batch)
            )
            if stored is not None and bytes(stored) != body:
                raise Refusal(Code.CONFLICT)
            if stored is not None or await connection.run_sync(is_buried, batch):
                return
            waiting = await connection.scalar(
                select(func.count()).select_from(BatchRow).where(BatchRow.box == box.value)
            )
            if (waiting or 0) >= self._context.limits.batches_waiting:
                raise Refusal(Code.FULL)
            await connection.execute(insert(BatchRow).values(box=box.value, batch=batch, body=body))

    async def keys(self, box: Box) -> tuple[bytes, ...]:
        """Give the names of the waiting batches, sorted: they are random, so the order says nothing."""
        async with self._context.database.read() as connection:
            rows = await connection.scalars(select(BatchRow.batch).where(BatchRow.box == box.value))
            return tuple(sorted(bytes(row) for row in rows))

    async def get(self, box: Box, batch: bytes) -> bytes:
        """Give a batch. Raises Refusal."""
        async with self._context.database.read() as connection:
            body = await connection.scalar(
                select(BatchRow.body).where(BatchRow.box == box.value, BatchRow.batch == batch)
            )
        if body is None:
            raise Refusal(Code.UNKNOWN_KEY)
        return bytes(body)

    async def confirm(self, box: Box, batches: Sequence[bytes]) -> None:
        """Delete batches that were collected, as envelopes are; unknown ones are passed over."""
        async with self._context.database.write() as connection:
            for batch in dict.fromkeys(batches):
                gone = await connection.execute(
                    delete(BatchRow).where(BatchRow.box == box.value, BatchRow.batch == batch)
                )
                if gone.rowcount:
                    await connection.run_sync(bury, batch, self._context.today)
        await self._erasure.empty_log()
