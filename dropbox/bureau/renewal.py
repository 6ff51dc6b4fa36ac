"""What an unlocked vault makes up for: prekeys for the coming days, and chains that a restore left behind the board."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dropbox.bureau import dossiers, ledger, prekeys
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
            keyring.save(replace(keyring.state, prekeys=seeds))
            publisher.save(replace(publisher.state, prekeys={**publisher.state.prekeys, **made.publics}))

    async def catch_up(self) -> None:
        """Advance every chain past the numbers that were ever used, and drop case keys that a crash left alone.

        Called before anything may be sealed: after the last board was read, and after every unlocking.
        """
        async with self._vault.changing:
            keyring = self._vault.recipient
            if keyring is None:
                return
            async with self._vault.database.read() as connection:
                used = await ledger.next_numbers(connection, self._vault.storage_key)
                have = await dossiers.dossiers(connection, keyring.state.case_keys)
            threads = {
                name: thread.moved_on(max(0, used.get(thread.reference, 0) - thread.next_number))
                for name, thread in keyring.state.threads.items()
            }
            named = {thread.case for thread in threads.values()} | have.keys()
            case_keys = {name: key for name, key in keyring.state.case_keys.items() if name in named}
            state = replace(keyring.state, threads=threads, case_keys=case_keys)
            if state != keyring.state:
                keyring.save(state)
