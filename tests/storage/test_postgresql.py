"""PostgreSQL on other machines: encrypted or refused, the host that takes writes, and no host that keeps us waiting."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from dropbox.storage.database import Database, accepts_alone, open_database, probe
from dropbox.storage.errors import DatabaseGoneError, DatabaseUrlError
from tests.postgres import Cluster, postgres_cluster  # noqa: F401 - a fixture

PORT = 5432


@pytest.fixture
async def silent() -> AsyncIterator[int]:
    """The port of a host that takes connections and never says a word."""
    lines: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: lines.append(writer), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    for line in lines:
        line.close()
    server.close()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def several(url: str, *hosts: str) -> str:
    """The URL of a database with these hosts in place of its own."""
    return url.partition("?")[0] + "?" + "&".join(f"host={host}" for host in hosts)


async def answers(database: Database) -> bool:
    await probe(database)
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE notes (name VARCHAR(8))"))
    await database.close()
    return True


@pytest.mark.parametrize(
    "query",
    [
        "host=10.0.0.2:5432",
        "host=10.0.0.2:5432&ssl=require",  # encrypted, to whoever answers
        "host=10.0.0.2:5432&ssl=verify-ca",
        "host=127.0.0.1:5432&host=db.example:5432",
        "host=10.0.0.2,127.0.0.1&port=5432,5432",
    ],
)
def test_a_database_on_another_machine_is_refused_without_verified_encryption(query: str) -> None:
    with pytest.raises(DatabaseUrlError, match="ssl=verify-full"):
        open_database(f"postgresql://intake@/dropbox?{query}")


def test_a_database_on_another_machine_named_in_front_is_refused_too() -> None:
    with pytest.raises(DatabaseUrlError, match="ssl=verify-full"):
        open_database("postgresql://intake@db.example/dropbox")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://intake@/dropbox",
        "postgresql://intake@localhost/dropbox",
        "postgresql://intake@[::1]:5432/dropbox",
        "postgresql://intake@/dropbox?host=/run/postgresql",
        "postgresql://intake@/dropbox?host=10.0.0.2:5432&host=10.0.0.3:5432&ssl=verify-full",
    ],
)
async def test_this_machine_needs_none_and_verified_encryption_is_taken(url: str) -> None:
    database = open_database(url)
    assert not database.is_sqlite
    await database.close()


async def test_a_host_that_is_down_is_passed_over(postgres_cluster: Cluster) -> None:  # noqa: F811 - the fixture
    url = postgres_cluster.new_database()
    hosts = f"127.0.0.1:{free_port()}", f"{postgres_cluster.folder}:{PORT}"
    assert await answers(open_database(several(url, *hosts)))


async def test_a_host_that_is_silent_does_not_use_up_the_time_of_the_others(
    postgres_cluster: Cluster,  # noqa: F811 - the fixture
    silent: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dropbox.storage.postgresql.CONNECT_SECONDS", 1.0)
    url = postgres_cluster.new_database()
    assert await answers(open_database(several(url, f"127.0.0.1:{silent}", f"{postgres_cluster.folder}:{PORT}")))


async def test_where_no_host_is_there_the_operator_is_told(tmp_path: Path) -> None:
    nowhere = f"127.0.0.1:{free_port()}", f"{tmp_path}:{PORT}"
    database = open_database(several("postgresql://postgres@/test", *nowhere))
    with pytest.raises(DatabaseGoneError):
        await probe(database)
    await database.close()


async def test_a_commit_is_never_called_done_because_a_timeout_ended_its_wait_for_the_standby(
    postgres_cluster: Cluster,  # noqa: F811 - the fixture
) -> None:
    opened = open_database(postgres_cluster.new_database())
    async with opened.write() as connection:
        name = await connection.scalar(text("SELECT current_database()"))
        await connection.execute(text(f"ALTER DATABASE {name} SET statement_timeout = 1000"))
    await opened.close()
    async with opened.read() as connection:
        assert await connection.scalar(text("SHOW statement_timeout")) == "0"
    await opened.close()


async def test_a_primary_that_answers_before_its_replica_has_it_is_found(
    postgres_cluster: Cluster,  # noqa: F811 - the fixture
) -> None:
    url = postgres_cluster.new_database()
    one, several_of_them = open_database(url), open_database(several(url, *[f"{postgres_cluster.folder}:{PORT}"] * 2))
    assert [await accepts_alone(database) for database in (one, several_of_them)] == [False, True]
    for database in (one, several_of_them):
        await database.close()
