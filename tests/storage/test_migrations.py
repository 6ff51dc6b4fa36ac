"""Migrations: all or nothing, once, and never backwards."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from dropbox.storage.database import Database, open_database
from dropbox.storage.errors import MigrationFailedError, SchemaMissingError, SchemaTooNewError
from dropbox.storage.migrations import migrate, prepare, require_schema
from tests.postgres import Cluster, postgres_cluster  # noqa: F401 - a fixture

STEP = '''"""One step."""
import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {before!r}


def upgrade() -> None:
    op.create_table("table{name}", sa.Column("key", sa.Integer, primary_key=True))
    {after}
'''


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A package's folder with one step."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text("from dropbox.storage.migrations import run\n\nrun()\n")
    write(folder, "1", None)
    return folder


def write(folder: Path, name: str, before: str | None, after: str = "") -> Path:
    path = folder / "versions" / f"{name}.py"
    path.write_text(STEP.format(name=name, before=before, after=after))
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, on each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/test.db"
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    return cluster.new_database()


async def tables(database: Database) -> set[str]:
    async with database.read() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_missing_steps_are_run_once(url: str, migrations: Path) -> None:
    database = open_database(url)
    with pytest.raises(SchemaMissingError):
        await require_schema(database, migrations)
    await migrate(database, migrations)
    await require_schema(database, migrations)
    write(migrations, "2", "1")
    with pytest.raises(SchemaMissingError):
        await require_schema(database, migrations)
    await migrate(database, migrations)
    await migrate(database, migrations)
    assert await tables(database) == {"alembic_version", "table1", "table2"}
    await database.close()


async def test_a_database_of_a_newer_release_is_refused(url: str, migrations: Path) -> None:
    database = open_database(url)
    later = write(migrations, "2", "1")
    await migrate(database, migrations)
    later.unlink()
    for use in (migrate, require_schema):
        with pytest.raises(SchemaTooNewError):
            await use(database, migrations)
    await database.close()


async def test_a_step_that_fails_leaves_the_schema_as_it_was(url: str, migrations: Path) -> None:
    database = open_database(url)
    await migrate(database, migrations)
    write(migrations, "2", "1", after="raise KeyError")
    with pytest.raises(MigrationFailedError, match="KeyError"):
        await migrate(database, migrations)
    assert await tables(database) == {"alembic_version", "table1"}
    await require_schema_of(database, "1")
    await database.close()


async def test_a_rehearsal_changes_nothing_and_says_what_would_fail(url: str, migrations: Path) -> None:
    database = open_database(url)
    await migrate(database, migrations)
    step = write(migrations, "2", "1")
    await prepare(url, migrations, rehearse=True)
    assert await tables(database) == {"alembic_version", "table1"}
    await require_schema_of(database, "1")
    step.unlink()
    write(migrations, "2", "1", after='op.execute("no statement")')
    with pytest.raises(MigrationFailedError):
        await prepare(url, migrations, rehearse=True)
    assert await tables(database) == {"alembic_version", "table1"}
    await require_schema_of(database, "1")
    await database.close()


async def require_schema_of(database: Database, revision: str) -> None:
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == revision


async def test_two_that_start_together_migrate_one_after_the_other(url: str, migrations: Path) -> None:
    first, second = open_database(url), open_database(url)
    await asyncio.gather(migrate(first, migrations), migrate(second, migrations))
    assert await tables(first) == {"alembic_version", "table1"}
    await first.close()
    await second.close()
