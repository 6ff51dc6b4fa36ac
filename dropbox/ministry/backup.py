"""An inbox in one sealed file, and an inbox from it.

No key of an inbox has to be forgotten, so a backup holds all of them, as they stand in the folder: sealed to the
service's passphrase and to the accounts' passwords.  The file as a whole is sealed under the passphrase.
"""

import asyncio
import base64
import json
from pathlib import Path
from typing import Final

from sqlalchemy import text

from dropbox.ministry.errors import AlreadyMadeError, BackupRefusedError
from dropbox.ministry.keyring import ACCOUNTS_FILE, COURIER_FILE, INBOX_FILE, Folder
from dropbox.ministry.settings import Settings
from dropbox.ministry.store import MIGRATIONS
from dropbox.ministry.tables import Base
from dropbox.storage import rows
from dropbox.storage.database import Database, open_database
from dropbox.storage.migrations import migrate, require_schema
from dropbox.storage.sealed_file import (
    DEFAULT_COST,
    Cost,
    open_with_passphrase,
    read_file,
    replace_file,
    seal_with_passphrase,
)

_CONTEXT: Final = b"dropbox/v1/ministry/backup"
_FILES: Final = (ACCOUNTS_FILE, COURIER_FILE, INBOX_FILE)  # the inbox keyring last: from then on there is an inbox


async def save(settings: Settings, passphrase: str, file: Path, cost: Cost = DEFAULT_COST) -> None:
    """Write the backup, whole or not at all; the inbox may run.  Raises StorageError, BackupRefusedError."""
    await asyncio.to_thread(Folder(settings.folder).open_courier, passphrase)  # it is this inbox's own passphrase
    database = open_database(settings.database)
    try:
        await require_schema(database, MIGRATIONS)
        async with database.read() as connection:
            schema = str(await connection.scalar(text("SELECT version_num FROM alembic_version")))
            tables = {
                table.name: (await rows.copied(connection, table)).decode() for table in Base.metadata.sorted_tables
            }
    finally:
        await database.close()
    try:
        files = {name: base64.b64encode(read_file(settings.folder / name)).decode() for name in _FILES}
        content = json.dumps({"files": files, "schema": schema, "tables": tables, "version": 1}).encode()
        sealed = await asyncio.to_thread(seal_with_passphrase, passphrase, content, _CONTEXT, cost)
        await asyncio.to_thread(replace_file, file, sealed)
    except OSError:
        raise BackupRefusedError("The backup cannot be written there: name a file on a disk with room.") from None


async def restore(settings: Settings, passphrase: str, file: Path) -> None:
    """Make the inbox of these settings from a backup.  The caller holds the folder's lock.

    Raises StorageError, AlreadyMadeError, BackupRefusedError; then no inbox was made.
    """
    if Folder(settings.folder).is_made:
        raise AlreadyMadeError
    try:
        sealed = await asyncio.to_thread(read_file, file)
    except OSError:
        raise BackupRefusedError("The backup cannot be read.") from None
    value = json.loads(await asyncio.to_thread(open_with_passphrase, passphrase, sealed, _CONTEXT))
    database = open_database(settings.database)
    try:
        await migrate(database, MIGRATIONS)
        await _fill(database, value["schema"], value["tables"])
    finally:
        await database.close()
    for name in _FILES:
        await asyncio.to_thread(replace_file, settings.folder / name, base64.b64decode(value["files"][name]))


async def _fill(database: Database, schema: str, tables: dict[str, str]) -> None:
    """In one transaction; what an earlier try has filled stays as it is."""
    known = Base.metadata.sorted_tables
    async with database.write() as connection:
        if str(await connection.scalar(text("SELECT version_num FROM alembic_version"))) != schema:
            raise BackupRefusedError("This backup was made by another release: restore it with that one, then upgrade.")
        if not await rows.are_empty(connection, known):
            there = {table.name: (await rows.copied(connection, table)).decode() for table in known}
            if there != tables:
                raise BackupRefusedError("The database is not empty: name an empty one, and keep this one.")
            return
        for table in known:
            await rows.put_back(connection, table, tables[table.name].encode())
