"""Opening databases, transactions, and what the operator is told when something is wrong."""

import asyncio
import os
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from dropbox.storage.database import Database, open_database, probe
from dropbox.storage.errors import (
    DatabaseDamagedError,
    DatabaseFullError,
    DatabaseGoneError,
    DatabaseLockedError,
    DatabaseUrlError,
    StorageError,
)
from tests.postgres import Cluster, postgres_cluster  # noqa: F401 - a fixture

SECRET = "planted-parameter"


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database with one table, on each kind in turn."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/test.db"
    else:
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.new_database()
    opened = open_database(url)
    async with opened.write() as connection:
        await connection.execute(text("CREATE TABLE notes (name VARCHAR(64) PRIMARY KEY, number INTEGER)"))
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite database with one table."""
    opened = open_database(f"sqlite:///{tmp_path}/test.db")
    async with opened.write() as connection:
        await connection.execute(text("CREATE TABLE notes (name BLOB PRIMARY KEY, body BLOB) WITHOUT ROWID"))
    yield opened
    await opened.close()


def database_files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith("test.db")]


async def count(database: Database) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(text("SELECT count(*) FROM notes")) or 0)


async def add(database: Database, name: str) -> None:
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO notes (name, number) VALUES (:name, 0)"), {"name": name})


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    await add(database, "kept")

    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO notes (name, number) VALUES ('lost', 1)"))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert await count(database) == 1


async def test_many_writers_at_once_lose_no_update(database: Database) -> None:
    await add(database, "counter")

    async def once() -> None:
        async with database.write() as connection:
            found = text("SELECT number FROM notes WHERE name = 'counter' FOR UPDATE")
            plain = text("SELECT number FROM notes WHERE name = 'counter'")
            number = await connection.scalar(plain if database.is_sqlite else found)
            changed = text("UPDATE notes SET number = :number WHERE name = 'counter'")
            await connection.execute(changed, {"number": int(number or 0) + 1})

    await asyncio.gather(*(once() for _ in range(40)))
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT number FROM notes")) == 40


async def test_readers_do_not_wait_for_a_writer_and_see_one_state(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO notes (name, number) VALUES ('new', 1)"))
        assert await count(database) == 0
    assert await count(database) == 1


async def test_a_reader_sees_one_state_throughout_however_many_statements_it_makes(database: Database) -> None:
    async with database.read() as connection:
        first = await connection.scalar(text("SELECT count(*) FROM notes"))
        await add(database, "meanwhile")
        assert await connection.scalar(text("SELECT count(*) FROM notes")) == first == 0
    assert await count(database) == 1


async def test_a_standing_reader_holds_up_the_checkpoint_and_no_writer(sqlite: Database) -> None:
    add_row = text("INSERT INTO notes VALUES (randomblob(16), '')")
    async with sqlite.read() as reader:
        await reader.execute(text("SELECT count(*) FROM notes"))
        async with sqlite.write() as connection:
            await connection.execute(add_row)
        checkpoint = asyncio.create_task(sqlite.checkpoint_truncate())
        await asyncio.sleep(0)  # the checkpoint has its turn first
        async with sqlite.write() as connection:
            await connection.execute(add_row)
        assert not checkpoint.done()
        assert await checkpoint is False
    assert await sqlite.checkpoint_truncate()
    assert await count(sqlite) == 2


@pytest.mark.parametrize("name", ["checkpoint", "vacuum"])
async def test_maintenance_that_is_cancelled_anywhere_leaves_the_database_as_it_was(
    sqlite: Database, name: str
) -> None:
    async def work() -> None:
        await (sqlite.checkpoint_truncate() if name == "checkpoint" else sqlite.vacuum(spill_to_disk=True))

    for steps in range(1, 30):
        task = asyncio.create_task(work())
        for _ in range(steps):
            await asyncio.sleep(0.0002)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert outcome is None or isinstance(outcome, asyncio.CancelledError)
        async with sqlite.write() as connection:
            assert (await connection.exec_driver_sql("PRAGMA busy_timeout")).scalar_one() == 15_000
            assert (await connection.exec_driver_sql("PRAGMA temp_store")).scalar_one() == 2


async def test_a_checkpoint_leaves_the_patience_of_its_connection_as_it_was(sqlite: Database) -> None:
    async with sqlite.read() as connection:
        before = (await connection.exec_driver_sql("PRAGMA busy_timeout")).scalar_one()
    assert await sqlite.checkpoint_truncate()
    async with sqlite.read() as connection:
        assert (await connection.exec_driver_sql("PRAGMA busy_timeout")).scalar_one() == before == 15_000


async def test_who_waits_too_long_for_a_turn_to_write_is_told_and_makes_room(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dropbox.storage.database.WRITER_SECONDS", 0.01)

    async def write() -> None:
        async with sqlite.write():
            pass

    async with sqlite.write():
        for waiting in (write(), sqlite.checkpoint_truncate(), sqlite.vacuum()):
            with pytest.raises(DatabaseLockedError):
                await waiting
    await write()


async def test_a_postgresql_that_would_answer_before_the_disk_is_told_not_to(
    postgres_cluster: Cluster,  # noqa: F811 - the fixture
) -> None:
    url = postgres_cluster.new_database()
    opened = open_database(url)
    async with opened.write() as connection:
        name = await connection.scalar(text("SELECT current_database()"))
        await connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    await opened.close()
    async with opened.read() as connection:
        assert await connection.scalar(text("SHOW synchronous_commit")) == "on"
    await opened.close()


async def test_an_orm_session_writes_in_the_same_way(database: Database) -> None:
    async with database.write_session() as session:
        await session.execute(text("INSERT INTO notes (name, number) VALUES ('new', 1)"))
    async with database.read_session() as session:
        assert (await session.execute(text("SELECT name FROM notes"))).scalar_one() == "new"


async def test_a_key_that_stands_there_already_is_the_callers_to_handle_and_is_not_quoted(database: Database) -> None:
    await add(database, SECRET)
    with pytest.raises(IntegrityError) as caught:
        await add(database, SECRET)
    # SQLAlchemy's own text leaves parameters out; what the driver adds is never logged by a caller of ours.
    assert "parameters hidden" in str(caught.value).lower() or SECRET not in str(caught.value)


async def test_our_own_mistakes_are_not_taken_for_the_databases(database: Database) -> None:
    with pytest.raises(Exception, match="nonsense") as caught:
        async with database.read() as connection:
            await connection.execute(text("SELECT nonsense FROM notes"))
    assert not isinstance(caught.value, StorageError)
    assert isinstance(caught.value, ProgrammingError) or database.is_sqlite


async def test_maintenance_works_on_both(database: Database) -> None:
    await add(database, "kept")
    assert await database.checkpoint_truncate()
    await database.vacuum()
    await database.vacuum(spill_to_disk=True)
    assert await count(database) == 1


async def test_sqlite_is_set_up_to_keep_what_was_committed_and_forget_what_was_deleted(sqlite: Database) -> None:
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "secure_delete": 1,
        "temp_store": 2,  # MEMORY
        "page_size": 16384,
    }
    await sqlite.vacuum(spill_to_disk=True)  # must put things back
    async with sqlite.read() as connection:
        found = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in expected}
    assert found == expected


async def test_a_deleted_row_is_in_no_file_after_the_checkpoint(sqlite: Database, tmp_path: Path) -> None:
    secret = b"planted-body" * 10_000
    async with sqlite.write() as connection:
        await connection.execute(text("INSERT INTO notes VALUES (:name, :body)"), {"name": b"x", "body": secret})
    files = database_files(tmp_path)
    assert any(b"planted-body" in path.read_bytes() for path in files)
    async with sqlite.write() as connection:
        await connection.execute(text("DELETE FROM notes"))
    assert await sqlite.checkpoint_truncate()
    assert (tmp_path / "test.db-wal").stat().st_size == 0
    assert not any(b"planted-body" in path.read_bytes() for path in files)


async def test_the_files_are_readable_by_their_owner_only(sqlite: Database, tmp_path: Path) -> None:
    assert await count(sqlite) == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in database_files(tmp_path)}
    assert modes == {"test.db": 0o600, "test.db-wal": 0o600, "test.db-shm": 0o600}


@pytest.mark.parametrize("url", ["", "x", "mysql://a/b", "sqlite://", "sqlite:///:memory:", "file.db"])
def test_a_url_that_names_no_usable_database_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUrlError):
        open_database(url)


def test_a_file_that_cannot_be_made_or_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "other.db")
    for name in ("missing/x.db", "link.db", ""):
        with pytest.raises(DatabaseGoneError):
            open_database(f"sqlite:///{tmp_path}/{name}")


async def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_bytes(os.urandom(100_000))
    opened = open_database(f"sqlite:///{tmp_path}/test.db")
    with pytest.raises(DatabaseDamagedError):
        await probe(opened)
    await opened.close()


async def test_a_full_database_says_full_and_keeps_what_it_has(sqlite: Database) -> None:
    def bound(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count=8").close()

    await sqlite.close()
    event.listen(sqlite.engine.sync_engine, "connect", bound)
    row = {"name": b"x", "body": bytes(1_000_000)}
    with pytest.raises(DatabaseFullError):
        async with sqlite.write() as connection:
            await connection.execute(text("INSERT INTO notes VALUES (:name, :body)"), row)
    assert await count(sqlite) == 0


async def test_a_database_held_by_another_process_is_called_locked(sqlite: Database, tmp_path: Path) -> None:
    def impatient(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout=1").close()

    await sqlite.close()
    event.listen(sqlite.engine.sync_engine, "connect", impatient)
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseLockedError):
        async with sqlite.write():
            pass
    other.execute("ROLLBACK")
    other.close()
    async with sqlite.write():
        pass


async def test_a_postgresql_that_does_not_run_or_lacks_the_database_is_called_gone(
    postgres_cluster: Cluster,  # noqa: F811 - the fixture
) -> None:
    existing = postgres_cluster.new_database()
    for url in ("postgresql://x@/y?host=/nowhere", existing.replace("@/", "@/no")):
        opened = open_database(url)
        with pytest.raises(DatabaseGoneError):
            await probe(opened)
        await opened.close()


async def test_a_postgresql_that_goes_away_in_between_is_reached_again(
    postgres_cluster: Cluster,  # noqa: F811 - the fixture
) -> None:
    opened = open_database(postgres_cluster.new_database())
    with pytest.raises(DatabaseGoneError):
        async with opened.write() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    await probe(opened)
    await opened.close()
