"""Uploads on the reporters' socket: steps, retries, and every way to do it wrong."""

import asyncio
import json
import os

import pytest

from dropbox.protocol import sizes
from tests.intake.conftest import Running, World
from tests.simulators.intake_instance import chunks, envelope

MIB = sizes.MIB


def new() -> str:
    return os.urandom(16).hex()


async def listing(intake: Running) -> list[dict[str, int | str]]:
    return list(json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"])


async def fetched(intake: Running, key: str, count: int) -> bytes:
    return b"".join([await intake.desk.get(f"/v1/envelopes/{key}/{place}") for place in range(count)])


@pytest.mark.parametrize("size", [16 * sizes.KIB, 256 * sizes.KIB, MIB, 4 * MIB])
async def test_an_envelope_arrives_whole_and_only_when_finished(intake: Running, size: int) -> None:
    data = envelope(size, intake.clock.day)
    upload = new()
    for place, chunk in enumerate(chunks(data)):
        assert (await intake.reporter.put(upload, place, chunk)).status == 200
        assert await listing(intake) == []
    assert (await intake.reporter.finish(upload, size)).status == 200
    (listed,) = await listing(intake)
    assert (listed["size"], listed["day"], listed["revision"]) == (size, intake.clock.day, 0)
    assert listed["key"] != upload
    assert await fetched(intake, str(listed["key"]), len(chunks(data))) == data


async def test_an_interrupted_upload_goes_on_where_it_was(intake: Running) -> None:
    data = chunks(envelope(2 * MIB, intake.clock.day))
    upload = new()
    await intake.reporter.put(upload, 0, data[0])
    assert (await intake.reporter.request("GET", f"/v1/uploads/{upload}")).json == {"chunks": 1, "finished": False}
    assert (await intake.reporter.put(upload, 1, data[1])).status == 200
    assert (await intake.reporter.finish(upload, 2 * MIB)).status == 200
    assert (await intake.reporter.request("GET", f"/v1/uploads/{upload}")).json["finished"] is True


async def test_the_same_chunk_again_changes_nothing(intake: Running) -> None:
    data = chunks(envelope(2 * MIB, intake.clock.day))
    upload = new()
    for place in (0, 0, 1, 0, 1):
        assert (await intake.reporter.put(upload, place, data[place])).status == 200
    assert (await intake.reporter.request("GET", f"/v1/uploads/{upload}")).json["chunks"] == 2


async def test_other_bytes_in_the_place_of_a_chunk_are_a_conflict(intake: Running) -> None:
    data = chunks(envelope(2 * MIB, intake.clock.day))
    upload = new()
    await intake.reporter.put(upload, 0, data[0])
    assert (await intake.reporter.put(upload, 0, data[1])).error == "409 conflict"


async def test_finishing_again_is_answered_also_after_the_desk_has_it(intake: Running) -> None:
    data = envelope(16 * sizes.KIB, intake.clock.day)
    upload = await intake.reporter.upload(data)
    assert (await intake.reporter.finish(upload, len(data))).status == 200
    (listed,) = await listing(intake)
    for recipient in intake.instance.recipients:
        await confirm(intake, recipient, str(listed["key"]))
    assert await listing(intake) == []
    assert (await intake.reporter.finish(upload, len(data))).status == 200
    assert await listing(intake) == []
    assert (await intake.reporter.put(upload, 0, data)).error == "409 conflict"


async def confirm(intake: Running, recipient: bytes, *keys: str) -> None:
    body = json.dumps({"recipient": recipient.hex(), "keys": keys}).encode()
    await intake.desk.post("/v1/confirmations", body)


async def test_a_deleted_upload_leaves_nothing(intake: Running) -> None:
    upload = new()
    await intake.reporter.put(upload, 0, envelope(MIB, intake.clock.day))
    assert (await intake.reporter.request("DELETE", f"/v1/uploads/{upload}")).status == 200
    assert (await intake.reporter.request("GET", f"/v1/uploads/{upload}")).error == "404 unknown_upload"
    assert (await intake.reporter.request("DELETE", f"/v1/uploads/{upload}")).status == 200


async def test_a_finished_upload_cannot_be_deleted_by_who_sent_it(intake: Running) -> None:
    upload = await intake.reporter.upload(envelope(16 * sizes.KIB, intake.clock.day))
    assert (await intake.reporter.request("DELETE", f"/v1/uploads/{upload}")).error == "409 conflict"
    assert len(await listing(intake)) == 1


async def test_two_uploads_interleaved_do_not_mix(intake: Running) -> None:
    first, second = envelope(4 * MIB, intake.clock.day), envelope(4 * MIB, intake.clock.day)
    await asyncio.gather(intake.reporter.upload(first), intake.reporter.upload(second))
    found = {await fetched(intake, str(one["key"]), 4) for one in await listing(intake)}
    assert found == {first, second}


async def test_one_upload_sent_twice_at_once_arrives_once(intake: Running) -> None:
    data = envelope(4 * MIB, intake.clock.day)
    upload = new()
    for place, chunk in enumerate(chunks(data)):
        answers = await asyncio.gather(*(intake.reporter.put(upload, place, chunk) for _ in range(3)))
        assert {answer.status for answer in answers} == {200}
    answers = await asyncio.gather(*(intake.reporter.finish(upload, len(data)) for _ in range(3)))
    assert {answer.status for answer in answers} == {200}
    (listed,) = await listing(intake)
    assert await fetched(intake, str(listed["key"]), 4) == data


async def test_one_whole_sent_several_times_at_once_arrives_once(intake: Running) -> None:
    data = envelope(16 * sizes.KIB, intake.clock.day)
    upload = new()
    answers = await asyncio.gather(*(intake.reporter.whole(upload, data) for _ in range(4)))
    assert {answer.status for answer in answers} == {200}
    (listed,) = await listing(intake)
    assert await fetched(intake, str(listed["key"]), 1) == data


async def test_many_wholes_at_once_all_arrive_beside_one_that_is_refused(intake: Running) -> None:
    sent = [envelope(16 * sizes.KIB, intake.clock.day) for _ in range(24)]
    stale = envelope(16 * sizes.KIB, intake.clock.day - 8)
    answers = await asyncio.gather(*(intake.reporter.whole(new(), data) for data in (*sent, stale)))
    assert [answer.status for answer in answers] == [200] * 24 + [422]
    assert {await fetched(intake, str(one["key"]), 1) for one in await listing(intake)} == set(sent)


async def test_a_whole_and_a_chunk_of_one_name_at_once_give_one_envelope_or_a_conflict(intake: Running) -> None:
    data = envelope(16 * sizes.KIB, intake.clock.day)
    for _ in range(8):
        upload = new()
        answers = await asyncio.gather(intake.reporter.put(upload, 0, data), intake.reporter.whole(upload, data))
        assert sorted(answer.status for answer in answers) == [200, 409]
        await intake.reporter.finish(upload, len(data))
    assert len(await listing(intake)) == 8


@pytest.mark.parametrize(("days", "status"), [(-8, 422), (-7, 200), (0, 200), (1, 422)])
async def test_only_days_in_the_window_are_accepted(world: World, days: int, status: int) -> None:
    async with world.start() as intake:
        day = world.clock.day + days
        await intake.publish(day)
        answer = await intake.reporter.put(new(), 0, envelope(16 * sizes.KIB, day))
        assert answer.status == status
        if status != 200:
            assert answer.json == {"error": "bad_day"}


async def test_a_client_whose_day_began_within_twelve_hours_is_accepted(world: World) -> None:
    world.clock.now = world.clock.day * sizes.DAY + 12 * 3600
    async with world.start() as intake:
        tomorrow = world.clock.day + 1
        await intake.publish(tomorrow)
        assert (await intake.reporter.put(new(), 0, envelope(16 * sizes.KIB, tomorrow))).status == 200


async def test_a_bulletin_that_intake_does_not_hold_is_refused(intake: Running) -> None:
    for day, revision in ((intake.clock.day - 1, 0), (intake.clock.day, 1)):
        answer = await intake.reporter.put(new(), 0, envelope(16 * sizes.KIB, day, revision))
        assert answer.error == "422 bad_day"


@pytest.mark.parametrize("offset", [0, 9, 17])
async def test_another_version_suite_or_slot_count_is_refused(intake: Running, offset: int) -> None:
    data = bytearray(envelope(16 * sizes.KIB, intake.clock.day))
    data[offset] ^= 1
    assert (await intake.reporter.put(new(), 0, bytes(data))).error == "422 bad_version"


async def test_sizes_that_are_not_on_the_ladder_or_not_what_was_sent_are_refused(intake: Running) -> None:
    upload = new()
    data = envelope(3 * MIB, intake.clock.day)
    for place, chunk in enumerate(chunks(data)):
        await intake.reporter.put(upload, place, chunk)
    assert (await intake.reporter.finish(upload, len(data))).error == "422 bad_size"
    assert (await intake.reporter.finish(upload, 2 * MIB)).error == "422 bad_size"
    assert await listing(intake) == []


@pytest.mark.parametrize("length", [31, 32, 16 * sizes.KIB - 1, 16 * sizes.KIB + 1, 256 * sizes.KIB - 1, MIB - 1])
async def test_a_first_chunk_with_which_no_envelope_begins_is_refused(intake: Running, length: int) -> None:
    upload = new()
    assert (await intake.reporter.put(upload, 0, envelope(MIB, intake.clock.day)[:length])).error == "422 bad_size"
    assert (await intake.reporter.request("GET", f"/v1/uploads/{upload}")).error == "404 unknown_upload"


async def test_chunks_out_of_order_or_of_a_wrong_length_are_refused(intake: Running) -> None:
    upload = new()
    assert (await intake.reporter.put(upload, 1, bytes(MIB))).error == "404 unknown_upload"
    assert (await intake.reporter.put(upload, 0, b"")).status == 400
    assert (await intake.reporter.put(upload, 0, bytes(MIB + 1))).error == "413 too_large"
    assert (await intake.reporter.whole(upload, bytes(MIB + 1))).error == "413 too_large"
    await intake.reporter.put(upload, 0, envelope(MIB, intake.clock.day))
    assert (await intake.reporter.put(upload, 2, bytes(MIB))).error == "400 bad_chunk"
    await intake.reporter.put(upload, 1, bytes(10))
    assert (await intake.reporter.put(upload, 2, bytes(MIB))).error == "400 bad_chunk"  # a short chunk is the last


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/v1/boards?since=1", None),
        ("GET", "/v1/uploads/" + "A" * 32, None),
        ("GET", "/v1/uploads/" + "%61" + "a" * 31, None),
        ("GET", "/v1/uploads/" + "a" * 31, None),
        ("PUT", "/v1/uploads/" + "a" * 32 + "/00", b"x"),
        ("PUT", "/v1/uploads/" + "a" * 32 + "/-1", b"x"),
        ("GET", "/", None),
        ("GET", "/v1/envelopes", None),
        ("HEAD", "/v1/bulletin", None),
        ("POST", "/v1/uploads/" + "a" * 32 + "/finish", b"{}"),
        ("POST", "/v1/uploads/" + "a" * 32 + "/finish", b'{"size": true}'),
        ("POST", "/v1/uploads/" + "a" * 32 + "/finish", b'{"size": -1}'),
        ("POST", "/v1/uploads/" + "a" * 32 + "/finish", b'{"size": 1, "more": 1}'),
        ("POST", "/v1/uploads/" + "a" * 32 + "/finish", b"[" * 1000),
        ("POST", "/v1/uploads/" + "a" * 32 + "/finish", b"\xff"),
    ],
)
async def test_what_is_not_a_request_of_this_socket_is_refused_shortly(
    sqlite_world: World, method: str, target: str, body: bytes | None
) -> None:
    async with sqlite_world.start() as intake:
        answer = await intake.reporter.request(method, target, body)
        assert answer.status in {400, 404, 405}
        assert method == "HEAD" or answer.json == {"error": "bad_request"}


async def test_an_unfinished_upload_is_swept_after_a_day_and_leaves_no_chunk(intake: Running) -> None:
    old, young = new(), new()
    await intake.reporter.put(old, 0, envelope(MIB, intake.clock.day))
    intake.clock.forward(days=1)
    await intake.publish(intake.clock.day)
    await intake.reporter.put(young, 0, envelope(MIB, intake.clock.day))
    await intake.store.housekeeping.sweep()
    assert (await intake.reporter.request("GET", f"/v1/uploads/{old}")).status == 200
    intake.clock.forward(days=1)
    await intake.publish(intake.clock.day)
    await intake.store.housekeeping.maintain()
    assert (await intake.reporter.request("GET", f"/v1/uploads/{old}")).error == "404 unknown_upload"
    assert (await intake.reporter.request("GET", f"/v1/uploads/{young}")).status == 200


async def test_answers_tell_neither_software_nor_clock(intake: Running) -> None:
    for answer in (
        await intake.reporter.request("GET", "/v1/bulletin"),
        await intake.reporter.request("GET", "/nothing"),
    ):
        assert {name.lower() for name in answer.headers} <= {"content-type", "content-length"}


async def test_an_empty_query_is_a_second_spelling_and_refused(sqlite_world: World) -> None:
    async with sqlite_world.start() as intake:
        reader, writer = await asyncio.open_unix_connection(intake.socket("reporters"))
        writer.write(b"GET /v1/bulletin? HTTP/1.1\r\nHost: intake\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 400 ")
