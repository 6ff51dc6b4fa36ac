"""Open a database by URL: SQLite in one file, or PostgreSQL.

SQLite runs in WAL mode with `synchronous=FULL`: what was committed survives a loss of power. `secure_delete` overwrites
deleted rows with zeros, in the file at the next checkpoint. Readers do not wait for writers. One writer at a time:
write transactions start with `BEGIN IMMEDIATE`, because a reader that turns into a writer can fail at once, however
long it is willing to wait.

PostgreSQL is told for each connection to answer a commit only once it is on disk, whatever the server's default is. Its
URL may name several hosts, primary and replicas: `dropbox.storage.postgresql`.

A transaction is written in one of two ways: as the body of `async with database.write()`, where every statement on
SQLite goes to a thread and back, or as one function for `transact`, which goes there once.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from dropbox.storage.errors import DatabaseGoneError, DatabaseLockedError, DatabaseUrlError
from dropbox.storage.faults import translated
from dropbox.storage.postgresql import SESSION, connect, names_several_hosts, require_encrypted

PAGE_BYTES: Final = 16384
"""SQLite's page: a 1 MiB row is then a chain of 64 overflow pages instead of 256."""

BUSY_MS: Final = 15_000
"""How long a transaction waits for another process's write before it gives up."""

WRITER_SECONDS: Final = 30
"""How long a transaction waits for its turn among this process's writers: less than the time after which nobody waits
for its answer any more, so that during a long rewrite requests do not pile up with their bodies."""

CHECKPOINT_BUSY_MS: Final = 200
"""How long one try of a checkpoint waits for readers. No writer gets in meanwhile, so a reader that stands still must
not make it long."""

CHECKPOINT_TRIES: Final = 5
CHECKPOINT_PAUSE_SECONDS: Final = 0.2
"""Between two tries those who wait to write have their turn."""

JOURNAL_KEPT_BYTES: Final = 64 * 1024 * 1024
"""A checkpoint cuts the write-ahead log back to this, so that one burst does not hold disk for ever."""

POOL: Final = 8
"""Connections kept open. More than this many statements at once would only queue on two cores."""

_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_DIRECT_DRIVER: Final = "sqlite+pysqlite"
_WRITING: Final = "dropbox_writing"
_PLAIN: Final = "dropbox_outside_transactions"
_PRIVATE: Final = 0o600

Result = TypeVar("Result")


class Database:
    """One database: transactions with our exceptions, and SQLite's housekeeping. Made by `open_database`."""

    def __init__(self, engine: AsyncEngine, direct: Engine | None = None) -> None:
        """Wrap an engine; its URL decides which kind of database this is. SQLite needs a second, `direct` one too."""
        self.engine = engine
        self.direct = direct
        self.is_sqlite = direct is not None
        self._writer = asyncio.Lock() if self.is_sqlite else None
        self._thread = ThreadPoolExecutor(1, "database")  # started by the first `transact` on SQLite

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction that sees one state throughout and changes nothing."""
        with translated():
            async with self.engine.connect() as connection:
                await connection.execution_options(**self._reading)
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction that commits when the body ends and leaves nothing when it fails.

        Writers of this process queue here in order; SQLite's own wait polls and can starve one of them.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._turn())
            stack.enter_context(translated())
            connection = await stack.enter_async_context(self.engine.connect())
            await connection.execution_options(**{_WRITING: True})
            await stack.enter_async_context(connection.begin())
            yield connection

    async def transact(self, work: Callable[[Connection], Result]) -> Result:
        """Run one function as a transaction like `write`'s, and give its result once that is durable.

        For what happens often and has several statements: ten journeys to a thread and back cost more than they do.
        """
        if self.direct is None:
            async with self.write() as connection:
                return await connection.run_sync(work)
        async with self._turn():
            running = asyncio.get_running_loop().run_in_executor(self._thread, _in_transaction, self.direct, work)
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await asyncio.wait((running,))  # it ends all the same, and the next writer's turn comes after it
                raise

    @asynccontextmanager
    async def read_session(self) -> AsyncIterator[AsyncSession]:
        """Give an ORM session on `read`."""
        async with self.read() as connection, AsyncSession(bind=connection, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def write_session(self) -> AsyncIterator[AsyncSession]:
        """Give an ORM session on `write`; it is flushed before the commit."""
        async with self.write() as connection, AsyncSession(bind=connection, expire_on_commit=False) as session:
            yield session
            await session.flush()

    async def checkpoint_truncate(self) -> bool:
        """Move SQLite's write-ahead log into the file and cut it to nothing; False when readers were in the way.

        Until then the log holds the deleted rows. Some short tries, between which others write. On PostgreSQL there is
        nothing to do, and True.
        """
        if not self.is_sqlite:
            return True
        for attempt in range(CHECKPOINT_TRIES):
            if attempt:
                await asyncio.sleep(CHECKPOINT_PAUSE_SECONDS)
            async with self._turn():
                with translated():
                    if await self._pragma_checkpoint():
                        return True
        return False

    async def vacuum(self, *, spill_to_disk: bool = False) -> None:
        """Rewrite SQLite's file in key order, so that the place of a row no longer tells when it came.

        The rewritten copy is built in memory, or, when told to spill, in a temporary file: choose that only where
        every row is ciphertext. On PostgreSQL this is its ordinary `VACUUM`. Writers wait meanwhile, and give up after
        WRITER_SECONDS.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._turn())
            stack.enter_context(translated())
            connection = await stack.enter_async_context(self._maintenance())
            if self.is_sqlite and spill_to_disk:
                await connection.exec_driver_sql("PRAGMA temp_store=FILE")
            await connection.exec_driver_sql("VACUUM")
            if self.is_sqlite and spill_to_disk:
                await connection.exec_driver_sql("PRAGMA temp_store=MEMORY")

    async def close(self) -> None:
        """Close every connection."""
        with translated():
            await self.engine.dispose()
            if self.direct is not None:
                self.direct.dispose()
        self._thread.shutdown()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Be the one writer of this process. Raises DatabaseLockedError when the turn does not come in time."""
        if self._writer is None:
            yield
            return
        try:
            async with asyncio.timeout(WRITER_SECONDS):
                await self._writer.acquire()
        except TimeoutError:
            raise DatabaseLockedError from None
        try:
            yield
        finally:
            self._writer.release()

    @property
    def _reading(self) -> dict[str, Any]:
        # PostgreSQL's default lets every statement see another state; SQLite's transactions keep theirs anyway.
        return {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    @asynccontextmanager
    async def _maintenance(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection outside transactions whose settings the body may change, if it also puts them back.

        When the body does not end well it is thrown away. That includes being cancelled while a setting is made or put
        back, for the driver's thread carries the statement out all the same: the next user must not get a connection
        that is impatient, or that spills to disk.
        """
        outside = {_PLAIN: True} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        async with self.engine.connect() as connection:
            await connection.execution_options(**outside)
            try:
                yield connection
            except BaseException:
                await connection.invalidate()
                raise

    async def _pragma_checkpoint(self) -> bool:
        async with self._maintenance() as connection:
            await connection.exec_driver_sql(f"PRAGMA busy_timeout={CHECKPOINT_BUSY_MS}")
            row = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()
            await connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MS}")
            return int(row[0]) == 0


def open_database(url: str) -> Database:
    """Make a `Database` from `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://...`.

    Several hosts are named as `postgresql://account@/name?host=one:5432&host=two:5432`; on other machines than this
    one with `&ssl=verify-full`.

    A missing SQLite file is created with mode 0600 (its log files inherit the mode). PostgreSQL is connected to at the
    first use. Raises DatabaseUrlError, or DatabaseGoneError when the file cannot be made.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    require_encrypted(parsed)
    # hide_parameters: a parameter may be a stranger's bytes, and texts of exceptions end up in logs.
    return Database(
        create_async_engine(
            parsed,
            hide_parameters=True,
            pool_size=POOL,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={"server_settings": SESSION, "async_creator_fn": connect},
        )
    )


async def probe(database: Database) -> None:
    """Run one statement, so that a database which cannot be used shows now. Raises StorageError."""
    async with database.read() as connection:
        await connection.execute(text("SELECT 1"))


async def accepts_alone(database: Database) -> bool:
    """Whether a database on several hosts answers a commit that only its primary has. Raises StorageError."""
    if database.is_sqlite or not names_several_hosts(database.engine.url):
        return False
    async with database.read() as connection:
        return not await connection.scalar(text("SHOW synchronous_standby_names"))


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        driver = _DRIVERS[parsed.get_backend_name()]
    except (ArgumentError, KeyError):
        message = "The database URL must begin with sqlite:/// or postgresql://."
        raise DatabaseUrlError(message) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        message = "The database URL must name a file: a database in memory loses what it accepted."
        raise DatabaseUrlError(message)
    return parsed.set(drivername=driver)


def _open_sqlite(url: URL) -> Database:
    path = Path(str(url.database))
    try:
        # O_NOFOLLOW: whoever can write in this folder must not choose another file for us.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE))
        path.chmod(_PRIVATE)
    except OSError:
        raise DatabaseGoneError from None
    common: Any = {"hide_parameters": True, "max_overflow": 0, "connect_args": {"timeout": BUSY_MS / 1000}}
    engine = create_async_engine(url, pool_size=POOL, **common)
    direct = create_engine(url.set(drivername=_DIRECT_DRIVER), pool_size=1, **common)
    for one in (engine.sync_engine, direct):
        event.listen(one, "connect", _prepare_sqlite)
        event.listen(one, "begin", _begin_sqlite)
    return Database(engine, direct.execution_options(**{_WRITING: True}))


def _in_transaction(direct: Engine, work: Callable[[Connection], Result]) -> Result:
    with translated(), direct.begin() as connection:
        return work(connection)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's type is not public
    connection.isolation_level = None  # the driver must not begin transactions by itself: _begin_sqlite does
    cursor = connection.cursor()
    for pragma in (
        f"page_size={PAGE_BYTES}",  # before WAL: it cannot change afterwards
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "temp_store=MEMORY",
        f"journal_size_limit={JOURNAL_KEPT_BYTES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_PLAIN):
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITING) else "BEGIN")
