"""Chunks in the vault's database: what the step from the first schema keeps, and how much is read to find one."""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from dropbox.bureau import store
from dropbox.bureau.vault import MIGRATIONS
from dropbox.protocol.sizes import MIB
from dropbox.storage.database import open_database
from dropbox.storage.migrations import migrate
from tests.bureau.office import Office

FILE, OTHER = bytes(range(16)), bytes(range(16, 32))
CHUNKS = 24


def to_first_schema(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")


async def test_a_database_of_the_first_schema_keeps_its_chunks(office: Office) -> None:
    database = open_database(office.database or f"sqlite:///{office.folder}/old.db")
    try:
        async with database.write() as connection:
            await connection.run_sync(to_first_schema)
            for table, key in (("file_chunks", "file"), ("incoming_chunks", "envelope")):
                rows = [{"name": name, "place": place, "body": name + bytes([place])}
                        for name in (FILE, OTHER) for place in range(3)]  # fmt: skip
                await connection.execute(
                    text(f"INSERT INTO {table} ({key}, place, body) VALUES (:name, :place, :body)"),  # noqa: S608 - ours
                    rows,
                )
        await migrate(database, MIGRATIONS)
        async with database.read() as connection:
            for name in (FILE, OTHER):
                for place in range(3):
                    assert await store.file_chunk(connection, name, place) == name + bytes([place])
                    assert await store.chunk(connection, name, place) == name + bytes([place])
                assert await store.file_chunk(connection, name, 3) is None
                assert await store.chunks_here(connection, name) == 3
    finally:
        await database.close()


def bytes_read() -> int:
    """What this process has read so far, from files and otherwise (proc(5), io)."""
    return int(Path("/proc/self/io").read_text().split("rchar: ")[1].split()[0])


async def test_sqlite_reads_a_chunk_and_not_its_neighbours(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/vault.db")
    try:
        await migrate(database, MIGRATIONS)
        for name in (FILE, OTHER):
            for place in range(CHUNKS):
                async with database.write() as connection:
                    await store.add_file_chunk(connection, name, place, os.urandom(MIB))
        before = bytes_read()
        for place in range(CHUNKS):
            async with database.read() as connection:
                assert len(await store.file_chunk(connection, FILE, place) or b"") == MIB
        assert bytes_read() - before < 2 * CHUNKS * MIB
    finally:
        await database.close()
