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

from dropbox.storage.database import Database
from dropbox.storage.errors import SchemaMissingError, SchemaTooNewError

_MIGRATION_LOCK: Final = 0x44425844_4D494752
"""PostgreSQL advisory lock, so that two hosts that start together migrate one after the other."""


async def migrate(database: Database, folder: Path) -> None:
    """Run every missing migration of `folder` in one transaction. Raises SchemaTooNewError and StorageError."""
    async with database.write() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        await connection.run_sync(_upgrade, _config(folder))


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
