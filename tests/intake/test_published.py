"""Bulletins, boards and the publication: who may replace what, and what everyone gets."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.courier.client import CourierClient
from dropbox.courier.errors import RefusedError
from dropbox.intake.memory import Memory
from dropbox.intake.tables import PublicationRow
from dropbox.protocol import sizes
from dropbox.storage.database import Database
from dropbox.storage.errors import DatabaseGoneError
from tests.intake.conftest import Clock, Running, World
from tests.postgres import Cluster
from tests.simulators.intake_instance import Instance, envelope


async def refused(request: object) -> str:
    with pytest.raises(RefusedError) as caught:
        await request  # type: ignore[misc]
    return f"{caught.value.status} {caught.value.code}"


async def put_bulletin(desk: CourierClient, day: int, revision: int, body: bytes) -> None:
    await desk.put(f"/v1/bulletins/{day}/{revision}", body)


def next_due(intake: Running) -> int:
    return intake.clock() + 10


async def test_before_anything_is_published_nothing_is_ready(world: World) -> None:
    async with world.start(published=False) as intake:
        for target in ("/v1/bulletin", "/v1/boards", "/v1/publication"):
            assert (await intake.reporter.request("GET", target)).error == "503 not_ready"


async def test_todays_bulletin_of_the_highest_revision_is_served(intake: Running) -> None:
    day = intake.clock.day
    newest = intake.instance.bulletin(day, 7)
    for revision, body in ((7, newest), (3, intake.instance.bulletin(day, 3))):
        await put_bulletin(intake.desk, day, revision, body)
    await intake.publish(day + 1)
    assert (await intake.reporter.request("GET", "/v1/bulletin")).body == newest
    intake.clock.forward(days=1)
    assert (await intake.reporter.request("GET", "/v1/bulletin")).body != newest
    intake.clock.forward(days=1)
    assert (await intake.reporter.request("GET", "/v1/bulletin")).error == "503 not_ready"


async def test_the_same_bulletin_again_is_fine_and_another_one_a_conflict(intake: Running) -> None:
    day = intake.clock.day + 1
    body = intake.instance.bulletin(day, 0)
    await put_bulletin(intake.desk, day, 0, body)
    await put_bulletin(intake.desk, day, 0, body)
    other = intake.instance.bulletin(day, 0, intake.instance.recipients[:1])
    assert await refused(put_bulletin(intake.desk, day, 0, other)) == "409 conflict"


async def test_a_bulletin_of_another_root_another_place_or_a_far_day_is_refused(intake: Running) -> None:
    day = intake.clock.day
    foreign = Instance().bulletin(day, 1)
    assert await refused(put_bulletin(intake.desk, day, 1, foreign)) == "422 bad_document"
    own = intake.instance.bulletin(day, 1)
    assert await refused(put_bulletin(intake.desk, day, 2, own)) == "422 bad_document"
    assert await refused(put_bulletin(intake.desk, day, 1, own[:-1])) == "422 bad_document"
    far = day + 100
    assert await refused(put_bulletin(intake.desk, far, 0, intake.instance.bulletin(far))) == "422 bad_day"


async def test_boards_come_in_one_answer_in_the_order_of_the_bulletin(intake: Running) -> None:
    boards = {
        name: intake.instance.board(name, intake.clock.day, next_due(intake)) for name in intake.instance.recipients
    }
    for name in reversed(intake.instance.recipients):
        await intake.desk.put(f"/v1/boards/{name.hex()}", boards[name])
    expected = struct.pack(">B", 2)
    for name in intake.instance.recipients:
        expected += struct.pack(">I", len(boards[name])) + boards[name]
    answers = [await intake.reporter.request("GET", "/v1/boards") for _ in range(2)]
    conditional = await intake.reporter.request(
        "GET", "/v1/boards", headers={"If-None-Match": "*", "Range": "bytes=0-9"}
    )
    assert [answer.body for answer in [*answers, conditional]] == [expected] * 3
    assert {answer.status for answer in [*answers, conditional]} == {200}
    assert all("ETag" not in answer.headers and "Last-Modified" not in answer.headers for answer in answers)


async def test_a_recipient_without_a_board_is_left_out(intake: Running) -> None:
    name = intake.instance.recipients[1]
    board = intake.instance.board(name, intake.clock.day, next_due(intake))
    await intake.desk.put(f"/v1/boards/{name.hex()}", board)
    answer = await intake.reporter.request("GET", "/v1/boards")
    assert answer.body == struct.pack(">BI", 1, len(board)) + board


async def test_the_desk_gets_its_own_board_back(intake: Running) -> None:
    name, other = intake.instance.recipients
    board = intake.instance.board(name, intake.clock.day, next_due(intake))
    await intake.desk.put(f"/v1/boards/{name.hex()}", board)
    assert await intake.desk.get(f"/v1/boards/{name.hex()}") == board
    assert await refused(intake.desk.get(f"/v1/boards/{other.hex()}")) == "404 unknown_key"


async def test_a_rolled_back_board_is_refused(intake: Running) -> None:
    name = intake.instance.recipients[0]
    older, newer = (intake.instance.board(name, intake.clock.day, next_due(intake) + more) for more in (0, 10))
    target = f"/v1/boards/{name.hex()}"
    await intake.desk.put(target, newer)
    await intake.desk.put(target, newer)
    assert await refused(intake.desk.put(target, older)) == "409 conflict"
    assert newer in (await intake.reporter.request("GET", "/v1/boards")).body


async def test_a_board_of_another_key_recipient_or_day_is_refused(intake: Running) -> None:
    name, other = intake.instance.recipients
    day = intake.clock.day
    foreign = Instance(recipients=intake.instance.recipients).board(name, day, next_due(intake))
    assert await refused(intake.desk.put(f"/v1/boards/{name.hex()}", foreign)) == "422 bad_document"
    own = intake.instance.board(name, day, next_due(intake))
    assert await refused(intake.desk.put(f"/v1/boards/{other.hex()}", own)) == "422 bad_document"
    cut = own[:-1]
    assert await refused(intake.desk.put(f"/v1/boards/{name.hex()}", cut)) == "422 bad_document"
    stranger = bytes(16)
    unknown = intake.instance.board(stranger, day, next_due(intake))
    assert await refused(intake.desk.put(f"/v1/boards/{stranger.hex()}", unknown)) == "422 bad_document"
    future = intake.instance.board(name, day + 2, (day + 2) * sizes.DAY + 10)
    assert await refused(intake.desk.put(f"/v1/boards/{name.hex()}", future)) == "422 bad_day"


async def test_the_publication_is_served_as_it_was_put(intake: Running) -> None:
    for body in (b"first", bytes(256 * sizes.KIB)):
        await intake.desk.put("/v1/publication", body)
        assert (await intake.reporter.request("GET", "/v1/publication")).body == body
    assert await refused(intake.desk.put("/v1/publication", bytes(256 * sizes.KIB + 1))) == "413 too_large"
    assert await refused(intake.desk.put("/v1/publication", b"")) == "422 bad_size"


async def test_an_envelope_goes_when_every_recipient_of_its_bulletin_has_it(intake: Running) -> None:
    alone = intake.instance.recipients[:1]
    day = intake.clock.day
    await put_bulletin(intake.desk, day, 1, intake.instance.bulletin(day, 1, alone))
    both = envelope(16 * sizes.KIB, day, 0)
    one = envelope(16 * sizes.KIB, day, 1)
    for data in (both, one):
        await intake.reporter.upload(data)

    async def listed() -> dict[int, str]:
        found = json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"]
        return {entry["revision"]: entry["key"] for entry in found}

    keys = await listed()
    confirmation = {"recipient": alone[0].hex(), "keys": [*keys.values(), "00" * 16]}
    for _ in range(2):
        await intake.desk.post("/v1/confirmations", json.dumps(confirmation).encode())
    assert await listed() == {0: keys[0]}
    stranger = {"recipient": "00" * 16, "keys": [keys[0]]}
    await intake.desk.post("/v1/confirmations", json.dumps(stranger).encode())
    assert await listed() == {0: keys[0]}
    last = {"recipient": intake.instance.recipients[1].hex(), "keys": [keys[0]]}
    await intake.desk.post("/v1/confirmations", json.dumps(last).encode())
    assert await listed() == {}
    assert await refused(intake.desk.get(f"/v1/envelopes/{keys[0]}/0")) == "404 unknown_key"


async def test_an_envelope_whose_prekey_is_gone_goes_too(intake: Running) -> None:
    await intake.reporter.upload(envelope(16 * sizes.KIB, intake.clock.day))
    intake.clock.forward(days=30)
    await intake.publish(intake.clock.day + 60)
    await intake.store.housekeeping.maintain()
    assert len(json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"]) == 1
    intake.clock.forward(days=1)
    await intake.publish(intake.clock.day + 60)
    await intake.store.housekeeping.maintain()
    assert json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"] == []


async def test_envelopes_are_listed_by_their_random_key_and_can_be_paged(intake: Running) -> None:
    for _ in range(5):
        await intake.reporter.upload(envelope(16 * sizes.KIB, intake.clock.day))
    listed = [one["key"] for one in json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"]]
    assert listed == sorted(listed)
    rest = json.loads(await intake.desk.get(f"/v1/envelopes?after={listed[1]}"))["envelopes"]
    assert [one["key"] for one in rest] == listed[2:]
    for query in ("after=", "after=xyz", f"before={listed[0]}", f"after={listed[0]}&after={listed[1]}"):
        assert await refused(intake.desk.get(f"/v1/envelopes?{query}")) == "400 bad_request"


async def test_everyone_is_served_from_memory_until_the_desk_publishes(intake: Running) -> None:
    name = intake.instance.recipients[0]
    statements: list[str] = []
    engine = intake.store.context.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda _c, _k, statement, *_: statements.append(statement))
    for round_ in range(2):
        board = intake.instance.board(name, intake.clock.day, next_due(intake) + round_)
        bulletin = intake.instance.bulletin(intake.clock.day, 1 + round_)
        await put_bulletin(intake.desk, intake.clock.day, 1 + round_, bulletin)
        await intake.desk.put(f"/v1/boards/{name.hex()}", board)
        await intake.desk.put("/v1/publication", b"%d" % round_)
        for expected_statements in (True, False, False):
            statements.clear()
            answers = [
                await intake.reporter.request("GET", f"/v1/{what}") for what in ("bulletin", "boards", "publication")
            ]
            assert [answer.body for answer in answers] == [
                bulletin,
                struct.pack(">BI", 1, len(board)) + board,
                b"%d" % round_,
            ]
            assert bool(statements) is expected_statements


async def test_a_publication_that_failed_at_its_end_is_read_anew(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a commit can be lost after it was carried out."""
    async with sqlite_world.start() as intake:
        await intake.desk.put("/v1/publication", b"before")
        assert (await intake.reporter.request("GET", "/v1/publication")).body == b"before"
        real = Database.write

        @asynccontextmanager
        async def lost(database: Database) -> AsyncIterator[AsyncConnection]:
            async with real(database) as connection:
                yield connection
            raise DatabaseGoneError

        with monkeypatch.context() as patched:
            patched.setattr(Database, "write", lost)
            with pytest.raises(DatabaseGoneError):
                await intake.store.published.put_publication(b"after")
        assert (await intake.reporter.request("GET", "/v1/publication")).body == b"after"


async def test_what_is_read_while_the_desk_publishes_is_not_remembered(sqlite_world: World) -> None:
    async with sqlite_world.start() as intake:
        published = intake.store.published
        await published.put_publication(b"before")
        database = intake.store.context.database
        async with database.read() as reader:
            await reader.execute(select(PublicationRow.name))  # a state from before the change, handed out after it
            memory = Memory(intake.store.context, lambda: slow(reader))
            await published.put_publication(b"after")
            task = asyncio.create_task(memory.get())
            await asyncio.sleep(0)
            memory.drop()
            assert await task == b"before"
            assert memory._good_for == -1
        assert (await intake.reporter.request("GET", "/v1/publication")).body == b"after"


async def slow(reader: AsyncConnection) -> bytes:
    await asyncio.sleep(0)
    return bytes(await reader.scalar(select(PublicationRow.body)) or b"")


async def test_what_another_process_published_is_served_a_second_later(folder: Path, postgres_cluster: Cluster) -> None:
    """Several hosts share one PostgreSQL: none of them hears of the others' writes."""
    url, instance, clock = postgres_cluster.new_database(), Instance(), Clock()
    worlds = [World(folder / name, url, instance, clock) for name in ("a", "b")]
    for world in worlds:
        world.folder.mkdir()
    async with worlds[0].start() as first, worlds[1].start(published=False) as second:
        for revision in (1, 2):
            newest = instance.bulletin(clock.day, revision)
            await put_bulletin(first.desk, clock.day, revision, newest)
            await first.desk.put("/v1/publication", b"%d" % revision)
            clock.forward(seconds=1)
            for intake in (second, first):
                assert (await intake.reporter.request("GET", "/v1/bulletin")).body == newest
                assert (await intake.reporter.request("GET", "/v1/publication")).body == b"%d" % revision
            assert (
                await second.reporter.whole("ab" * 15 + f"0{revision}", envelope(16384, clock.day, revision))
            ).status == 200
        assert len(json.loads(await first.desk.get("/v1/envelopes"))["envelopes"]) == 2
