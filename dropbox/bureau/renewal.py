"""What an unlocked vault makes up for: prekeys for the coming days, chains that a restore left behind the board, and
cases that a crash left half discarded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dropbox.bureau import ledger, prekeys, removal, saving
from dropbox.bureau.vault import Vault
from dropbox.protocol import sizes

if TYPE_CHECKING:
    from collections.abc import Callable

    Clock = Callable[[], int]
    Random = Callable[[int], bytes]


class Renewal:
    """Both do nothing while the vault is locked."""

    def __init__(self, vault: Vault, clock: Clock, random: Random) -> None:
        """Work on this vault."""
        self._vault, self._clock, self._random = vault, clock, random

    async def make(self) -> None:
        """The prekeys that are missing, in both keyrings; the recipient's half first."""
        async with self._vault.changing:
            keyring, publisher = self._vault.recipient, self._vault.publisher
            if keyring is None:
                return
            wanted = prekeys.missing(publisher.state.prekeys, self._clock() // sizes.DAY)
            if not wanted:
                return
            made = prekeys.make(wanted, self._random)
            seeds = {**keyring.state.prekeys, **made.seeds}
            await saving.save(keyring, replace(keyring.state, prekeys=seeds))
            publics = {**publisher.state.prekeys, **made.publics}
            await saving.save(publisher, replace(publisher.state, prekeys=publics))

    async def catch_up(self) -> None:
        """Finish what was being discarded, and advance every chain past the numbers that were ever used.

        Called before anything may be sealed: after the last board was read, and after every unlocking.  No key is
        dropped for want of a row: the database may be an old copy, and the case's rows in a newer one.
        """
        async with self._vault.changing:
            keyring = self._vault.recipient
            if keyring is None:
                return
            await removal.finish(self._vault)
            async with self._vault.database.read() as connection:
                used = await ledger.next_numbers(connection, self._vault.storage_key)
            threads = {
                name: thread.moved_on(max(0, used.get(thread.reference, 0) - thread.next_number))
                for name, thread in keyring.state.threads.items()
            }
            if threads != keyring.state.threads:
                await saving.save(keyring, replace(keyring.state, threads=threads))
