"""A desk from its backup, on an empty machine.

    1. look     everything opens and is whole, before anything is made
    2. files    their pieces, of no case yet
    3. rows     all of them, in one transaction
    4. keyrings as copied, with new prekeys; the publisher's last: from then on there is a desk

An interrupted restoring is begun again.  The new desk then reads its last published board, as at every start, and
moves every chain past what stands there.  What was sealed to the prekeys that were lost opens for nobody: its reporters
see on the board that it was not acknowledged.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, text

from dropbox.bureau import backup, bulletins, copied_rows, ledger, prekeys, store
from dropbox.bureau.copies import Listing, Medium
from dropbox.bureau.errors import (
    AlreadyMadeError,
    BackupDamagedError,
    BackupGoneError,
    DatabaseInUseError,
    OtherReleaseError,
    WrongSignInError,
)
from dropbox.bureau.keyring import PUBLISHER_FILE, RECIPIENT_FILE, RECIPIENT_NAME, PublisherKeyring, RecipientKeyring
from dropbox.bureau.tables import Base
from dropbox.bureau.vault import ACCOUNTS_FILE, MIGRATIONS, held, make_folder
from dropbox.protocol import sizes
from dropbox.storage import rows
from dropbox.storage.accounts import Accounts
from dropbox.storage.database import Database, open_database
from dropbox.storage.errors import StorageError, WrongPasswordError
from dropbox.storage.migrations import migrate
from dropbox.storage.sealed_file import read_file, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from dropbox.bureau.settings import Settings

    Random = Callable[[int], bytes]

LEFT_OUT: Final = 1_000  # numbers of the publication: more than were used since any backup
_MOST_PIECE: Final = 2 * sizes.MIB  # bytes; a piece of 1 MiB, sealed
_RESTORING: Final = "restoring"  # what is remembered in the vault until its keyrings are there


@dataclass(frozen=True)
class Secrets:
    """What opens a backup: the passphrase of the service, and one account of those who could sign in."""

    passphrase: str = field(repr=False)
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class _Opened:
    """A backup that is whole."""

    medium: Medium
    listing: Listing
    publisher: PublisherKeyring
    recipient: RecipientKeyring


async def verify(folder: Path, secrets: Secrets) -> Listing:
    """Open everything that a backup holds.  Raises BackupError, WrongSignInError, StorageError."""
    return (await asyncio.to_thread(_open, folder, secrets)).listing


async def restore(settings: Settings, folder: Path, secrets: Secrets, now: int, random: Random) -> None:
    """Make the vault and the database of these settings.

    Raises AlreadyMadeError, WrongDatabaseError, BackupError, WrongSignInError, StorageError.
    """
    await asyncio.to_thread(make_folder, settings.vault)
    with held(settings.vault):
        if (settings.vault / PUBLISHER_FILE).exists():
            raise AlreadyMadeError
        opened = await asyncio.to_thread(_open, folder, secrets)
        database = open_database(settings.database)
        try:
            await migrate(database, MIGRATIONS)
            await _fill(database, opened, random)
            await asyncio.to_thread(_make_keyrings, settings.vault, opened, now, random)
            async with database.write() as connection:
                key = opened.publisher.state.storage_key
                await ledger.remember(connection, key, _RESTORING, {"unfinished": False})
        finally:
            await database.close()


def _open(folder: Path, secrets: Secrets) -> _Opened:
    medium = Medium(folder)
    if not medium.is_begun:
        raise BackupGoneError
    try:
        publisher = PublisherKeyring.open(folder, secrets.passphrase)
        access_keys = Accounts(folder / ACCOUNTS_FILE).unlock(secrets.user, secrets.password)
        recipient = RecipientKeyring.open(folder, access_keys[RECIPIENT_NAME])
        listing = medium.listing(publisher.state.storage_key)
        for name, part in listing.parts.items():
            medium.part(publisher.state.storage_key, name, part)
        for part in listing.files.values():
            medium.verify(part)
    except WrongPasswordError:
        raise WrongSignInError from None
    except FileNotFoundError:
        raise BackupDamagedError from None
    return _Opened(medium, listing, publisher, recipient)


async def _fill(database: Database, opened: _Opened, random: Random) -> None:
    key = opened.publisher.state.storage_key
    async with database.write() as connection:
        if str(await connection.scalar(text("SELECT version_num FROM alembic_version"))) != opened.listing.schema:
            raise OtherReleaseError
        if not await rows.are_empty(connection, copied_rows.tables()) and not await _left_over(connection, key):
            raise DatabaseInUseError
        for table in reversed(Base.metadata.sorted_tables):
            await connection.execute(delete(table))
    for name in opened.listing.files:
        await _fill_file(database, opened, name)
    async with database.write() as connection:
        for name, part in opened.listing.parts.items():
            content = await asyncio.to_thread(opened.medium.part, key, name, part)
            await copied_rows.put_back(connection, content, name)
        await backup.forget(connection, key)
        await bulletins.leap(connection, key, random)
        await ledger.remember(connection, key, _RESTORING, {"unfinished": True})


async def _left_over(connection: AsyncConnection, key: bytes) -> bool:
    """Whether the rows are what an interrupted restoring of this very backup left: nobody has worked with them."""
    try:
        return bool((await ledger.recall(connection, key, _RESTORING) or {}).get("unfinished"))
    except StorageError:
        return False


async def _fill_file(database: Database, opened: _Opened, name: str) -> None:
    file, identity = opened.medium.open_file(opened.listing.files[name]), bytes.fromhex(name)
    with file:
        while head := await asyncio.to_thread(file.read, backup.PIECE.size):
            place, length = backup.PIECE.unpack(head)
            if length > _MOST_PIECE:
                raise BackupDamagedError
            body = await asyncio.to_thread(file.read, length)
            async with database.write() as connection:
                await store.add_file_chunk(connection, identity, place, body)


def _make_keyrings(folder: Path, opened: _Opened, now: int, random: Random) -> None:
    today = now // sizes.DAY
    made = prekeys.make(prekeys.missing({}, today), random)
    state = opened.publisher.state
    recipient = replace(opened.recipient.state, prekeys=made.seeds)
    publisher = replace(
        state,
        prekeys=made.publics,
        sequence=state.sequence + LEFT_OUT,
        clock_day=today,
    )
    replace_file(folder / ACCOUNTS_FILE, read_file(opened.medium.folder / ACCOUNTS_FILE))
    opened.recipient.copy_to(folder / RECIPIENT_FILE, recipient)
    opened.publisher.copy_to(folder / PUBLISHER_FILE, publisher)
