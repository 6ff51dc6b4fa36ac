"""What everyone reads alike, kept in memory: read from the database once, until it may have changed."""

import asyncio
from collections.abc import Awaitable, Callable

from dropbox.intake.context import Context
from dropbox.intake.days import day_of


class Memory:
    """One body that everyone reads.

    It is good for a day where this process is the only one that publishes: on SQLite. Several processes may share one
    PostgreSQL, and another one may have published: there it is good for the second in which it was read.
    """

    def __init__(self, context: Context, read: Callable[[], Awaitable[bytes]]) -> None:
        """Remember what `read` gives; what it raises is not remembered."""
        self._context = context
        self._read = read
        self._reading = asyncio.Lock()
        self._changes = 0
        self._good_for = -1
        self._body = b""

    async def get(self) -> bytes:
        """Give the body. Many who ask at once cause one reading."""
        if self._good_for == self._moment():
            return self._body
        async with self._reading:
            moment, changes = self._moment(), self._changes
            if self._good_for == moment:
                return self._body
            body = await self._read()
            if changes == self._changes:  # else it may be from before the change, and is good for this once
                self._good_for, self._body = moment, body
            return body

    def drop(self) -> None:
        """Forget it. To be called when a transaction that may have changed it has ended, however it ended."""
        self._changes += 1
        self._good_for, self._body = -1, b""

    def _moment(self) -> int:
        now = self._context.clock()
        return day_of(now) if self._context.database.is_sqlite else now
