"""Envelopes that end the process that opens them: an error can be caught, a crash of a library or of memory cannot.

Before a group is opened its names are noted, durably.  Whoever finds the note after a start knows among which envelopes
the one before it ended.  These are opened alone, after all others, and the one that ends the process again and again
is set aside; a power cut that met an innocent one costs it a place in the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dropbox.bureau import ledger
from dropbox.bureau.opening import Reason
from dropbox.bureau.store import State

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from dropbox.bureau.store import Envelope
    from dropbox.bureau.vault import Vault

PATIENCE: Final = 3  # ends of the process in which an envelope was opened; once on a later day
_NOTE: Final = "opening"


class Suspects:
    """What the note says, and who writes it."""

    def __init__(self, vault: Vault) -> None:
        """Read nothing yet."""
        self._vault = vault
        self._ends: dict[bytes, int] | None = None  # by name: how often the process ended with it
        self._noted = False

    async def read(self) -> None:
        """Learn once what the process before this one left."""
        if self._ends is None:
            async with self._vault.database.read() as connection:
                found = await ledger.recall(connection, self._vault.storage_key, _NOTE) or {}
            self._ends = {bytes.fromhex(name): int(ends) + 1 for name, ends in found.items()}
            self._noted = bool(found)

    async def begin(self, connection: AsyncConnection, group: Collection[Envelope]) -> None:
        """Note that these are opened now."""
        ends = self._ends or {}
        value = {one.envelope.hex(): ends.get(one.envelope, 0) for one in group}
        await ledger.remember(connection, self._vault.storage_key, _NOTE, value)
        self._noted = True

    def survived(self, group: Collection[Envelope]) -> None:
        """The process did not end with these."""
        for one in group:
            (self._ends or {}).pop(one.envelope, None)

    async def end(self) -> None:
        """Nothing is opened any more."""
        if self._noted:
            async with self._vault.database.write() as connection:
                await ledger.remember(connection, self._vault.storage_key, _NOTE, {})
            self._noted = False

    def alone(self, envelope: Envelope) -> bool:
        """Whether nothing may be opened together with it."""
        return envelope.envelope in (self._ends or {}) or envelope.reason == Reason.FAULT

    def over(self, candidates: Sequence[Envelope]) -> list[Envelope]:
        """Those that ended the process too often."""
        ends = self._ends or {}
        return [
            one for one in candidates if ends.get(one.envelope, 0) >= (1 if one.state is State.FAILED else PATIENCE)
        ]
