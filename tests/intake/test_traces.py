"""What the host must not keep: bytes of confirmed envelopes, clock times, addresses, order of arrival."""

import asyncio
import json
import logging
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, inspect, text

from dropbox.courier.errors import PeerError
from dropbox.intake.envelopes import Envelopes
from dropbox.intake.published import Published
from dropbox.intake.tables import Base
from dropbox.protocol import sizes, upload_name
from dropbox.storage.database import Database
from dropbox.storage.errors import DatabaseGoneError
from tests.intake.conftest import Running, World
from tests.simulators.intake_instance import chunks, envelope

PLANTED = b"planted-ciphertext-"


def files_with(folder: Path, needle: bytes) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file() and needle in path.read_bytes())


async def confirm_everything(intake: Running) -> None:
    keys = [one["key"] for one in json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"]]
    for recipient in intake.instance.recipients:
        body = json.dumps({"recipient": recipient.hex(), "keys": keys}).encode()
        await intake.desk.post("/v1/confirmations", body)


@pytest.mark.parametrize("size", [16 * sizes.KIB, 4 * sizes.MIB])
async def test_no_file_holds_the_bytes_of_a_confirmed_envelope(sqlite_world: World, size: int) -> None:
    async with sqlite_world.start() as intake:
        for _ in range(3):
            await intake.reporter.upload(envelope(size, intake.clock.day, filling=PLANTED))
        assert files_with(sqlite_world.folder, PLANTED) != []
        await confirm_everything(intake)
        assert files_with(sqlite_world.folder, PLANTED) == []
        assert {"intake.db", "intake.db-wal", "intake.db-shm"} <= {one.name for one in sqlite_world.folder.iterdir()}


async def test_no_file_holds_the_bytes_of_a_deleted_or_swept_upload_or_a_collected_card(sqlite_world: World) -> None:
    async with sqlite_world.start() as intake:
        deleted, swept = os.urandom(16).hex(), os.urandom(16).hex()
        for upload in (deleted, swept):
            await intake.reporter.put(upload, 0, chunks(envelope(2 * sizes.MIB, intake.clock.day, filling=PLANTED))[0])
        await intake.reporter.request("DELETE", f"/v1/uploads/{deleted}")
        card = (PLANTED * (sizes.CARD // 4))[: 4 * sizes.CARD]
        await intake.desk.put(f"/v1/cards/{deleted}", card)
        await intake.ministry.post("/v1/cards/confirmations", json.dumps({"keys": [deleted]}).encode())
        intake.clock.forward(days=2)
        await intake.publish(intake.clock.day)
        await intake.store.housekeeping.maintain()
        assert files_with(sqlite_world.folder, PLANTED) == []


async def test_what_a_standing_reader_kept_in_the_log_goes_once_it_has_left(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dropbox.intake.service.MAINTAIN_CHECK_SECONDS", 0.01)
    async with sqlite_world.start() as intake:
        await intake.reporter.upload(envelope(sizes.MIB, intake.clock.day, filling=PLANTED))
        async with intake.store.context.database.read() as reader:
            await reader.execute(text("SELECT count(*) FROM chunks"))
            await confirm_everything(intake)
            assert files_with(sqlite_world.folder, PLANTED) != []
        while files_with(sqlite_world.folder, PLANTED):  # noqa: ASYNC110 - it is a file that changes
            await asyncio.sleep(0.01)


async def test_a_large_upload_is_deleted_some_chunks_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who sends a gigabyte and takes it back would otherwise hold up everyone while it is overwritten."""
    monkeypatch.setattr("dropbox.intake.erasure.CHUNKS_PER_DELETION", 2)
    deleted: list[int] = []

    def note(_c: object, cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401 - the driver's
        if statement.startswith("DELETE FROM chunks"):
            deleted.append(cursor.rowcount)

    async with world.start() as intake:
        upload = os.urandom(16).hex()
        for place, chunk in enumerate(chunks(envelope(5 * sizes.MIB, intake.clock.day))):
            await intake.reporter.put(upload, place, chunk)
        event.listen(intake.store.context.database.engine.sync_engine, "after_cursor_execute", note)
        assert (await intake.reporter.request("DELETE", f"/v1/uploads/{upload}")).status == 200
        assert deleted == [2, 2, 1]
        async with intake.store.context.database.read() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM chunks")) == 0


async def test_an_interrupted_deletion_is_completed_by_the_sweep(intake: Running) -> None:
    await intake.reporter.upload(envelope(2 * sizes.MIB, intake.clock.day))
    database = intake.store.context.database
    async with database.write() as connection:  # as if the process had died between the row and its chunks
        await connection.execute(text("DELETE FROM envelopes"))
    await intake.store.housekeeping.sweep()
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM chunks")) == 0


async def test_no_file_holds_the_bytes_of_what_does_not_fit_the_name_that_it_came_under(sqlite_world: World) -> None:
    async with sqlite_world.start() as intake:
        data = envelope(2 * sizes.MIB, intake.clock.day, filling=PLANTED)
        name = os.urandom(32).hex()
        for place, chunk in enumerate(chunks(data)):
            assert (await intake.reporter.put(name, place, chunk)).status == 200
        assert files_with(sqlite_world.folder, PLANTED) != []
        end = json.dumps({"size": len(data), "salt": "00" * 16}).encode()
        refused = await intake.reporter.request("POST", f"/v1/uploads/{name}/finish", end)
        assert refused.error == "404 unknown_upload"
        assert files_with(sqlite_world.folder, PLANTED) == []


async def test_a_bound_name_that_is_kept_leads_to_no_envelope(intake: Running) -> None:
    """Whoever has the disk would have to know the salt: neither it nor the hash that it hides is kept."""
    data, salt = envelope(2 * sizes.MIB, intake.clock.day), os.urandom(16)
    content = upload_name.ContentHash()
    content.add(data)
    name = upload_name.UploadName.of(salt, content.hash).name
    for place, chunk in enumerate(chunks(data)):
        await intake.reporter.put(name.hex(), place, chunk)
        (row,) = (await everything(intake.store.context.database))["uploads"]
        assert row["content"]
    end = json.dumps({"size": len(data), "salt": salt.hex()}).encode()
    assert (await intake.reporter.request("POST", f"/v1/uploads/{name.hex()}/finish", end)).status == 200
    stored = await everything(intake.store.context.database)
    kept = [value for rows in stored.values() for row in rows for value in row.values() if isinstance(value, bytes)]
    assert name in kept
    assert not [value for value in kept if salt in value or content.hash in value]


async def everything(database: Database) -> dict[str, list[dict[str, object]]]:
    found = {}
    async with database.read() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        for table in tables:
            rows = await connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - our own names
            found[table] = [dict(row) for row in rows.mappings()]
    return found


def assert_random(numbers: list[object]) -> None:
    """Numbers of 63 bits that nobody counted up: no two are near each other, once in hundreds of millions of runs."""
    ordered = sorted(number for number in numbers if isinstance(number, int))
    assert len(ordered) == len(numbers) > 1
    assert all(higher - lower > 1 << 28 for lower, higher in pairwise(ordered))


async def test_no_column_holds_a_time_an_address_or_a_serial(intake: Running) -> None:
    """Every number stored is a day, a small count, or a size; every short name of bytes is 16 random ones."""
    started = intake.clock()
    for _ in range(3):
        await intake.reporter.upload(envelope(16 * sizes.KIB, intake.clock.day))
        intake.clock.forward(seconds=1234)
    await intake.reporter.put(os.urandom(16).hex(), 0, envelope(sizes.MIB, intake.clock.day))
    board = intake.instance.board(intake.instance.recipients[0], intake.clock.day, intake.clock() + 10)
    await intake.desk.put(f"/v1/boards/{intake.instance.recipients[0].hex()}", board)
    await intake.desk.put(f"/v1/cards/{os.urandom(16).hex()}", bytes(4 * sizes.CARD))
    stored = await everything(intake.store.context.database)
    assert set(stored) == {*Base.metadata.tables, "alembic_version"}
    days = {intake.clock.day, intake.clock.day + 1}
    fits = days | set(range(10)) | {*sizes.ENVELOPE_LADDER, 32 * sizes.MIB}
    assert_random([row.pop("number") for row in stored["chunks"]])
    numbers = {value for rows in stored.values() for row in rows for value in row.values() if isinstance(value, int)}
    assert numbers <= fits
    assert not any(abs(number - started) < 1_000_000 for number in numbers)
    kinds = {type(value) for rows in stored.values() for row in rows for value in row.values()}
    assert kinds <= {int, bytes, str, type(None)}
    texts = {value for rows in stored.values() for row in rows for value in row.values() if isinstance(value, str)}
    assert texts <= {"cards", "current", "0002"}
    for table in ("uploads", "chunks", "envelopes", "tombstones", "nonces"):
        assert stored[table]
        names = {value for row in stored[table] for value in row.values() if isinstance(value, bytes)}
        assert all(len(name) == 16 or table == "chunks" for name in names)


async def test_nothing_leads_from_an_upload_to_its_envelope(intake: Running) -> None:
    upload = bytes.fromhex(await intake.reporter.upload(envelope(16 * sizes.KIB, intake.clock.day)))
    stored = await everything(intake.store.context.database)
    assert [row["token"] for row in stored["tombstones"]] == [upload]
    others = [row for table, rows in stored.items() for row in rows if table != "tombstones"]
    assert not any(upload in row.values() for row in others)


async def test_sqlites_tables_have_no_row_ids_or_random_ones(sqlite_world: World) -> None:
    async with sqlite_world.start() as intake:
        for _ in range(8):
            await intake.reporter.upload(envelope(16 * sizes.KIB, intake.clock.day))
        async with intake.store.context.database.read() as connection:
            rows = await connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
            without = {row.name for row in rows if "WITHOUT ROWID" in row.sql}
            assert without == set(Base.metadata.tables) - {"chunks"}
            assert_random(list(await connection.scalars(text("SELECT rowid FROM chunks"))))


def schema(connection: Connection) -> dict[str, tuple[dict[str, bool], list[str]]]:
    """Each table's columns, whether they may be null, and its primary key."""
    found = inspect(connection)
    return {
        table: (
            {column["name"]: column["nullable"] for column in found.get_columns(table)},
            found.get_pk_constraint(table)["constrained_columns"],
        )
        for table in found.get_table_names()
        if table != "alembic_version"
    }


async def test_migrations_and_models_agree(world: World) -> None:
    async with world.start() as intake, intake.store.context.database.read() as connection:
        expected = {
            name: ({one.name: bool(one.nullable) for one in table.columns}, [one.name for one in table.primary_key])
            for name, table in Base.metadata.tables.items()
        }
        assert await connection.run_sync(schema) == expected


async def test_a_daily_rewrite_puts_rows_in_the_order_of_their_random_keys(sqlite_world: World) -> None:
    """The place of an envelope's bytes in the file tells when it came only until the rewrite."""
    async with sqlite_world.start() as intake:
        markers = [f"marker-{number}-".encode() for number in range(6)]
        for marker in markers:
            await intake.reporter.upload(envelope(256 * sizes.KIB, intake.clock.day, filling=marker))
        await intake.store.housekeeping.maintain()
        async with intake.store.context.database.read() as connection:
            rows = await connection.execute(text("SELECT body FROM chunks ORDER BY number"))
            by_key = [marker for row in rows for marker in markers if marker in row.body[:200]]
        data = (sqlite_world.folder / "intake.db").read_bytes()
        assert sorted(markers, key=data.rindex) == by_key


async def test_nothing_about_a_reporter_is_logged(sqlite_world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with sqlite_world.start() as intake:
        upload = await intake.reporter.upload(envelope(16 * sizes.KIB, intake.clock.day))
        await intake.reporter.put(upload, 0, b"stranger")
        await intake.reporter.request("GET", "/stranger?stranger=1")
        wild = b"GET /stranger\xff HTTP/9.9\r\nstranger\r\n\r\n"
        for payload in (wild, b"PUT /v1/uploads/x HTTP/1.1\r\nContent-Length: stranger\r\n\r\n"):
            await _raw(intake.socket("reporters"), payload)
    ours = [record for record in caplog.records if not re.match("sqlalchemy|aiosqlite|alembic|asyncio", record.name)]
    assert [record.getMessage() for record in ours] == []
    assert "stranger" not in caplog.text


async def test_a_failure_at_a_reporters_request_is_counted_and_not_logged_at_that_moment(
    sqlite_world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal adds a clock time to every line: it would be the time of a visit."""
    async with sqlite_world.start() as intake:

        async def gone(*_: object) -> bytes:
            raise DatabaseGoneError

        with monkeypatch.context() as patched:
            patched.setattr(Published, "bulletin", gone)
            for _ in range(3):
                assert (await intake.reporter.request("GET", "/v1/bulletin")).error == "503 not_ready"
        monkeypatch.setattr(Published, "publication", lambda _: 1 // 0)
        assert (await intake.reporter.request("GET", "/v1/publication")).error == "503 not_ready"
        assert [record for record in caplog.records if record.name.startswith("dropbox")] == []
        intake.store.faults.report()
        said = [record.getMessage() for record in caplog.records if record.name.startswith("dropbox")]
        assert [line.partition("daily job, ")[2] for line in said] == [
            "1 times: A request failed by our own mistake: ZeroDivisionError",
            "3 times: The database failed: DatabaseGoneError",
        ]
        caplog.clear()
        intake.store.faults.report()
        assert [record for record in caplog.records if record.name.startswith("dropbox")] == []


async def test_a_failure_at_the_desks_request_is_said_at_once(
    sqlite_world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sqlite_world.start() as intake:

        async def gone(*_: object) -> bytes:
            raise DatabaseGoneError

        monkeypatch.setattr(Envelopes, "listing", gone)
        with pytest.raises(PeerError, match="not_ready"):
            await intake.desk.get("/v1/envelopes")
    assert "The database failed: DatabaseGoneError" in caplog.text


async def _raw(path: Path, payload: bytes) -> bytes:

    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(payload)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer
