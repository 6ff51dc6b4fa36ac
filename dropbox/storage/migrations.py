"""Bring a database to the schema of this release, with a package's own Alembic folder.

The folder holds `versions/` and an `env.py` of two lines: `from dropbox.storage.migrations import run` and `run()`.
"""

from pathlib import Path
from typing import Final

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from dropbox.storage.database import Database, open_database
from dropbox.storage.errors import MigrationFailedError, SchemaMissingError, SchemaTooNewError, StorageError

_MIGRATION_LOCK: Final = 0x44425844_4D494752
"""PostgreSQL advisory lock, so that two hosts that start together migrate one after the other."""


class _Rehearsed(Exception):
    """Ends a transaction whose every step went well, so that nothing of it remains."""


async def migrate(database: Database, folder: Path) -> None:
    """Run every missing migration of `folder` in one transaction.

    Raises MigrationFailedError, SchemaTooNewError and other StorageErrors; then the database is as it was.
    """
    await _run(database, folder, rehearse=False)


async def prepare(url: str, folder: Path, *, rehearse: bool) -> None:
    """Migrate the database of this URL; to `rehearse` is to do the same and take all of it back.

    While it is rehearsed a running service waits to write, for as long as the steps take. Raises as `migrate`.
    """
    database = open_database(url)
    try:
        await _run(database, folder, rehearse=rehearse)
    except _Rehearsed:
        return
    finally:
        await database.close()


async def _run(database: Database, folder: Path, *, rehearse: bool) -> None:
    try:
        async with database.write() as connection:
            if not database.is_sqlite:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.run_sync(_upgrade, _config(folder))
            if rehearse:
                raise _Rehearsed  # noqa: TRY301 - it ends the transaction, which is the point
    except (StorageError, _Rehearsed):
        raise
    except Exception as error:
        # The kind only: the text of a driver's exception quotes statements.
        raise MigrationFailedError(type(error).__name__) from error


async def require_schema(database: Database, folder: Path) -> None:
    """Return when the database stands exactly at this release. Raises SchemaMissingError, SchemaTooNewError."""
    async with database.read() as connection:
        await connection.run_sync(_require, _config(folder))


def run() -> None:
    """Body of every `env.py`: run the migrations on the connection that `migrate` opened."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection, config: Config) -> None:
    _refuse_newer(connection, config)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _require(connection: Connection, config: Config) -> None:
    _refuse_newer(connection, config)
    known = ScriptDirectory.from_config(config)
    if set(MigrationContext.configure(connection).get_current_heads()) != set(known.get_heads()):
        raise SchemaMissingError


def _refuse_newer(connection: Connection, config: Config) -> None:
    known = ScriptDirectory.from_config(config)
    for revision in MigrationContext.configure(connection).get_current_heads():
        try:
            known.get_revision(revision)
        except CommandError:
            raise SchemaTooNewError from None
