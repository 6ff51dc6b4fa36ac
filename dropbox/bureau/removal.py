"""Discarding a case, in an order that a crash at any point cannot stop half way.

    1. one transaction   a note of what goes; its cards leave the outbox, its records the board
    2. recipient keyring the thread's keys and the case's: what is left of it opens for nobody
    3. publisher keyring the tag keys
    4. one transaction   rows and files, then the note

Whoever finds the note, at the next unlocking, goes on from 2.  The note names cases and tag keys by their random names,
and only what it names is destroyed: a keyring or a database that was restored destroys nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dropbox.bureau import dossiers, ledger, saving
from dropbox.bureau.keyring import PublisherState, RecipientState
from dropbox.bureau.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_NOTE: Final = "discarding"


async def begin(connection: AsyncConnection, vault: Vault, name: bytes) -> None:
    """Note that the case goes, and drop its records.  The caller withdraws its cards in the same transaction."""
    key = vault.storage_key
    references = {one.reference for one in vault.opened().state.threads.values() if one.case == name}
    noted = await _noted(connection, key)
    value = {case.hex(): [one.hex() for one in of_case] for case, of_case in noted.items()}
    await ledger.remember(connection, key, _NOTE, {**value, name.hex(): [one.hex() for one in references]})
    records = await ledger.records(connection, key)
    await ledger.drop(connection, [one.name for one in records if one.reference in references])


async def finish(vault: Vault) -> None:
    """Destroy what is noted.  Does nothing while the vault is locked.  The caller holds `vault.changing`."""
    keyring, publisher, key = vault.recipient, vault.publisher, vault.storage_key
    if keyring is None:
        return
    async with vault.database.read() as connection:
        noted = await _noted(connection, key)
    if not noted:
        return
    references = {one for of_case in noted.values() for one in of_case}
    await saving.save(keyring, _without_cases(keyring.state, noted))
    await saving.save(publisher, _without_tag_keys(publisher.state, references))
    async with vault.database.write() as connection:
        for name in noted:
            items = await dossiers.discard(connection, name)
            await ledger.drop_postings(connection, [name, *items])
        for reference in references:
            await ledger.drop_thread(connection, key, reference)
        await ledger.remember(connection, key, _NOTE, {})


async def _noted(connection: AsyncConnection, key: bytes) -> dict[bytes, set[bytes]]:
    """The tag keys of each case that goes."""
    value = await ledger.recall(connection, key, _NOTE) or {}
    return {bytes.fromhex(name): {bytes.fromhex(one) for one in references} for name, references in value.items()}


def _without_cases(state: RecipientState, names: Mapping[bytes, object]) -> RecipientState:
    return replace(
        state,
        case_keys={one: key for one, key in state.case_keys.items() if one not in names},
        threads={one: thread for one, thread in state.threads.items() if thread.case not in names},
    )


def _without_tag_keys(state: PublisherState, references: Iterable[bytes]) -> PublisherState:
    gone = set(references)
    return replace(state, tag_keys={one: key for one, key in state.tag_keys.items() if one not in gone})
