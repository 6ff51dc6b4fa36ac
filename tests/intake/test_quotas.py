"""At every limit the answer is "full" or "too many", and nothing that was accepted is lost."""

import json
import os

import pytest
from sqlalchemy import event

from dropbox.protocol import sizes
from tests.intake.conftest import Running, World
from tests.simulators.intake_instance import chunks, envelope

MIB = sizes.MIB
SMALL = {"waiting_bytes": 9 * MIB, "text_bytes": MIB, "upload_bytes": 6 * MIB, "reserve_bytes": 2 * MIB}


def new() -> str:
    return os.urandom(16).hex()


async def visible(intake: Running) -> int:
    return len(json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"])


async def test_too_many_unfinished_uploads_are_refused_and_those_begun_go_on(world: World) -> None:
    async with world.start(limits={"uploads_at_once": 2}) as intake:
        data = envelope(2 * MIB, intake.clock.day)
        begun = [new(), new()]
        for upload in begun:
            assert (await intake.reporter.put(upload, 0, chunks(data)[0])).status == 200
        assert (await intake.reporter.put(new(), 0, chunks(data)[0])).error == "503 too_many_uploads"
        for upload in begun:
            assert (await intake.reporter.put(upload, 1, chunks(data)[1])).status == 200
            assert (await intake.reporter.finish(upload, 2 * MIB)).status == 200
        assert await visible(intake) == 2
        assert (await intake.reporter.put(new(), 0, chunks(data)[0])).status == 200


async def test_uploads_of_files_that_never_end_keep_out_no_text(world: World) -> None:
    room = {"uploads_at_once": 2, "upload_bytes": 4 * MIB, "reserve_bytes": 2 * MIB}
    async with world.start(limits=room) as intake:
        for _ in range(2):
            assert (await intake.reporter.put(new(), 0, envelope(MIB, intake.clock.day))).status == 200
        for size in (256 * sizes.KIB, MIB):
            refused = await intake.reporter.put(new(), 0, envelope(size, intake.clock.day))
            assert refused.error == "503 too_many_uploads"
        await intake.reporter.upload(envelope(16 * sizes.KIB, intake.clock.day))
        assert await visible(intake) == 1


@pytest.mark.parametrize("way", ["whole", "in chunks"])
async def test_files_that_fill_the_store_keep_out_no_text(world: World, way: str) -> None:
    """Junk with files is cheap to make and cannot be told from reports: words need little room, and have it."""
    async with world.start(limits={**SMALL, "waiting_bytes": 7 * MIB, "text_bytes": 64 * sizes.KIB}) as intake:
        for size in (2 * MIB, 2 * MIB, 2 * MIB, 256 * sizes.KIB, 256 * sizes.KIB, 256 * sizes.KIB):
            await intake.reporter.upload(envelope(size, intake.clock.day))
        file, text = envelope(256 * sizes.KIB, intake.clock.day), envelope(16 * sizes.KIB, intake.clock.day)
        assert (await intake.reporter.put(new(), 0, file)).error == "507 full"
        assert (await intake.reporter.whole(new(), file)).error == "507 full"
        more = 0
        while True:
            upload = new()
            sending = intake.reporter.whole(upload, text) if way == "whole" else intake.reporter.put(upload, 0, text)
            answer = await sending
            if answer.status != 200:
                break
            assert (await intake.reporter.finish(upload, len(text))).status == 200
            more += 1
        assert answer.error == "507 full"
        assert more == 256 // 16  # what files were refused, and the part that is for texts alone
        assert await visible(intake) == 6 + more


async def test_wholes_are_counted_and_bounded_like_others(world: World) -> None:
    async with world.start(limits={"envelopes_per_day": 3, "texts_at_once": 1, "uploads_at_once": 1}) as intake:
        text, file = envelope(16 * sizes.KIB, intake.clock.day), envelope(256 * sizes.KIB, intake.clock.day)
        await intake.reporter.put(new(), 0, text)  # holds a place all the while; what comes whole needs none
        kept = new()
        assert (await intake.reporter.whole(kept, text)).status == 200
        assert (await intake.reporter.whole(new(), file)).status == 200
        refused = new()
        assert (await intake.reporter.whole(refused, text)).error == "507 full"
        assert (await intake.reporter.whole(kept, text)).status == 200
        assert await visible(intake) == 2
        intake.clock.forward(days=1)
        assert (await intake.reporter.whole(refused, text)).status == 200


async def test_texts_that_never_end_are_bounded_and_keep_out_no_files(world: World) -> None:
    async with world.start(limits={"texts_at_once": 2}) as intake:
        text = envelope(16 * sizes.KIB, intake.clock.day)
        begun = [new(), new()]
        for upload in begun:
            assert (await intake.reporter.put(upload, 0, text)).status == 200
        assert (await intake.reporter.put(new(), 0, text)).error == "503 too_many_uploads"
        await intake.reporter.upload(envelope(256 * sizes.KIB, intake.clock.day))
        assert (await intake.reporter.finish(begun[0], len(text))).status == 200
        assert (await intake.reporter.put(new(), 0, text)).status == 200
        assert await visible(intake) == 2


async def test_a_small_envelope_sets_aside_no_more_than_its_bytes(world: World) -> None:
    async with world.start(limits=SMALL) as intake:
        for size in (16 * sizes.KIB, 256 * sizes.KIB):
            for _ in range(8):
                assert (await intake.reporter.put(new(), 0, envelope(size, intake.clock.day))).status == 200


async def test_the_days_envelopes_are_counted_with_those_on_their_way(world: World) -> None:
    async with world.start(limits={"envelopes_per_day": 2}) as intake:
        data = envelope(16 * sizes.KIB, intake.clock.day)
        await intake.reporter.upload(data)
        underway = new()
        await intake.reporter.put(underway, 0, data)
        assert (await intake.reporter.put(new(), 0, data)).error == "507 full"
        assert (await intake.reporter.finish(underway, len(data))).status == 200
        assert await visible(intake) == 2
        intake.clock.forward(days=1)
        assert (await intake.reporter.put(new(), 0, data)).status == 200


async def test_room_is_reserved_when_an_upload_begins(world: World) -> None:
    async with world.start(limits=SMALL) as intake:
        data = chunks(envelope(4 * MIB, intake.clock.day))
        begun = [new() for _ in range(3)]
        for upload in begun:
            assert (await intake.reporter.put(upload, 0, data[0])).status == 200
        assert (await intake.reporter.put(new(), 0, data[0])).error == "507 full"
        for upload in begun:  # two chunks were reserved for each of them
            assert (await intake.reporter.put(upload, 1, data[1])).status == 200
        assert (await intake.reporter.put(begun[0], 2, data[2])).error == "507 full"
        await intake.reporter.request("DELETE", f"/v1/uploads/{begun[1]}")
        assert (await intake.reporter.put(begun[0], 2, data[2])).status == 200  # what was refused goes on later


async def test_waiting_envelopes_fill_the_store_and_confirming_makes_room(world: World) -> None:
    async with world.start(limits=SMALL) as intake:
        for _ in range(3):
            await intake.reporter.upload(envelope(2 * MIB, intake.clock.day))
        last = new()
        data = envelope(2 * MIB, intake.clock.day)
        assert (await intake.reporter.put(last, 0, chunks(data)[0])).status == 200
        assert (await intake.reporter.put(new(), 0, chunks(data)[0])).error == "507 full"
        await intake.reporter.put(last, 1, chunks(data)[1])
        assert (await intake.reporter.finish(last, 2 * MIB)).status == 200
        listed = json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"]
        assert len(listed) == 4
        for recipient in intake.instance.recipients:
            body = {"recipient": recipient.hex(), "keys": [one["key"] for one in listed]}
            await intake.desk.post("/v1/confirmations", json.dumps(body).encode())
        assert (await intake.reporter.put(new(), 0, chunks(data)[0])).status == 200


async def test_a_full_disk_says_full_and_keeps_what_was_accepted(sqlite_world: World) -> None:
    async with sqlite_world.start() as intake:
        kept = envelope(16 * sizes.KIB, intake.clock.day)
        await intake.reporter.upload(kept)
        # SQLite's own "database or disk is full", from its own page limit, on every connection from now on.
        database = intake.store.context.database
        assert database.direct is not None
        pages: list[int] = []

        def bound(connection: object, *_: object) -> None:
            cursor = connection.cursor()  # type: ignore[attr-defined]
            cursor.execute("PRAGMA page_count")
            pages.append(cursor.fetchone()[0])
            cursor.execute(f"PRAGMA max_page_count={pages[0] + 40}")
            cursor.close()

        for engine in (database.engine.sync_engine, database.direct):
            event.listen(engine, "checkout", bound)
        upload = new()
        assert (await intake.reporter.put(upload, 0, envelope(MIB, intake.clock.day))).error == "507 full"
        assert (await intake.reporter.request("GET", f"/v1/uploads/{upload}")).error == "404 unknown_upload"
        listed = json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"]
        assert await intake.desk.get(f"/v1/envelopes/{listed[0]['key']}/0") == kept
