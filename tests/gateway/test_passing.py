"""Clients that seal for themselves: their requests reach intake, and nothing else does."""

import asyncio
import io
import json
import os

import pytest

from dropbox.protocol import envelope, payload, sizes
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter.transport import Request
from tests.gateway.conftest import World

UPLOAD = "/v1/uploads/" + "ab" * 16


async def ask(world: World, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    async with world.client.request(
        method, world.base + path, data=io.BytesIO(body) if body else None, headers=headers
    ) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.read()


def sealed(world: World, file: bytes) -> bytes:
    bulletin = world.bureau.bulletin
    keys = ReporterKeys.derive(Receipt(bytes(15)), bulletin.instance)
    writer = envelope.EnvelopeWriter(bulletin, keys.auth, os.urandom)
    parts = [writer.begin(envelope.first_head(keys, bulletin, bytes(16)), payload.Message("sealed elsewhere"))]
    parts += [writer.begin_file("a.bin"), writer.file_data(file), writer.end_file()]
    return b"".join([*parts, *writer.finish()])


async def test_what_the_bureau_publishes_comes_unchanged(world: World) -> None:
    for path, body in world.intake.static.items():
        assert await ask(world, "GET", path) == (200, body)


async def test_an_envelope_in_chunks_reaches_the_bureau(world: World) -> None:
    file = os.urandom(3 * sizes.MIB)
    data = sealed(world, file)
    for place in range(0, len(data), sizes.UPLOAD_CHUNK):
        chunk = data[place : place + sizes.UPLOAD_CHUNK]
        assert (await ask(world, "PUT", f"{UPLOAD}/{place // sizes.UPLOAD_CHUNK}", chunk))[0] == 200
    status, told = await ask(world, "GET", UPLOAD)
    assert (status, json.loads(told)) == (200, {"chunks": 4, "finished": False})
    assert (await ask(world, "POST", f"{UPLOAD}/finish", json.dumps({"size": len(data)}).encode()))[0] == 200
    opened = world.bureau.open(world.intake.envelopes[0])
    assert (opened.message.text, opened.files) == ("sealed elsewhere", [("a.bin", file)])


async def test_a_small_envelope_goes_whole(world: World) -> None:
    assert (await ask(world, "PUT", f"{UPLOAD}/whole", sealed(world, b"")))[0] == 200
    assert world.bureau.open(world.intake.envelopes[0]).authentic


async def test_an_upload_is_taken_back(world: World) -> None:
    await ask(world, "PUT", f"{UPLOAD}/0", bytes(sizes.UPLOAD_CHUNK))
    assert (await ask(world, "DELETE", UPLOAD))[0] == 200
    assert not world.intake.uploads


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/envelopes"), ("GET", "/v1/"), ("POST", "/v1/bulletin"), ("PUT", UPLOAD), ("GET", UPLOAD + "/0"),
        ("PUT", UPLOAD + "/00"), ("PUT", UPLOAD + "/0/"), ("PUT", "/v1/uploads/" + "AB" * 16 + "/0"),
        ("PUT", UPLOAD[:-1] + "/0"), ("PUT", "/v1/uploads/../boards/" + "ab" * 16), ("DELETE", UPLOAD + "/0"),
        ("POST", UPLOAD + "/whole"),
    ],
)  # fmt: skip
async def test_what_is_no_request_of_the_protocol_never_reaches_intake(world: World, method: str, path: str) -> None:
    assert await ask(world, method, path) == (404, b'{"error": "bad_request"}')
    assert not world.intake.seen


@pytest.mark.parametrize("query", ["", "visit=7", "a=b&a=c"])
@pytest.mark.parametrize("request_line", ["GET /v1/bulletin", "GET /v1/boards", f"GET {UPLOAD}", f"PUT {UPLOAD}/0"])
async def test_a_query_by_which_a_visit_could_be_told_from_others_is_refused(
    world: World, request_line: str, query: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(f"{request_line}?{query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b'{"error": "bad_request"}')
    assert not world.intake.seen
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(("rest", "length"), [("/0", sizes.UPLOAD_CHUNK + 1), ("/finish", 1025)])
async def test_more_than_a_request_may_have_is_refused(world: World, rest: str, length: int) -> None:
    method = "PUT" if rest == "/0" else "POST"
    assert await ask(world, method, UPLOAD + rest, bytes(length)) == (413, b'{"error": "too_large"}')
    assert not world.intake.seen


async def test_intake_that_is_away_is_not_ready(world: World) -> None:
    world.intake.away = True
    assert await ask(world, "GET", "/v1/bulletin") == (503, b'{"error": "not_ready"}')


async def test_intakes_refusals_come_as_they_are(world: World) -> None:
    world.intake.refuse = ("PUT", "full", 507)
    assert await ask(world, "PUT", f"{UPLOAD}/0", b"x") == (507, b'{"error": "full"}')


async def test_another_site_cannot_upload_from_a_visitors_browser(world: World) -> None:
    status, _ = await ask(world, "PUT", f"{UPLOAD}/0", b"x", **{"Sec-Fetch-Site": "cross-site"})
    assert status == 403
    assert not world.intake.seen


@pytest.mark.parametrize("ends", [True, False])
async def test_half_a_chunk_never_reaches_intake(world: World, *, ends: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(f"PUT {UPLOAD}/0 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n".encode() + bytes(50))
    await writer.drain()
    if ends:
        writer.write_eof()
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b'{"error": "bad_request"}')
    assert not world.intake.seen
    writer.close()
    await writer.wait_closed()


async def test_a_broken_line_to_intake_is_told_and_the_upload_goes_on(world: World) -> None:
    world.intake.breaks_after = 1
    chunk = bytes(sizes.UPLOAD_CHUNK)
    assert (await ask(world, "PUT", f"{UPLOAD}/0", chunk))[0] == 503
    assert json.loads((await ask(world, "GET", UPLOAD))[1])["chunks"] == 1
    assert world.intake.seen[0] == Request("PUT", f"{UPLOAD}/0", chunk)
