"""One contract, two hosts: the simulated one, which attacks are tried on, and the real intake on its real sockets."""

import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dropbox.courier.errors import RefusedError as IntakeRefusedError
from dropbox.protocol import sizes
from dropbox.protocol.reply import Reply
from dropbox.reporter.errors import HostNotReady, HostRefused
from dropbox.reporter.transport import Request, Response
from tests.simulators.basics import Clock, Seeded
from tests.simulators.bureau import SimulatedBureau
from tests.simulators.contract import HostUnderTest, SimulatedHostUnderTest, intake_under_test
from tests.simulators.host import RefusedError, bound_name, content_hash
from tests.simulators.reporter import SimulatedReporter

RANDOM = Seeded("contract")
NAME = "5e" * 16


@pytest.fixture(params=["simulated", "intake"])
async def host(request: pytest.FixtureRequest) -> AsyncIterator[HostUnderTest]:
    clock = Clock()
    bureau = SimulatedBureau(clock, desks=2, seed="contract")
    if request.param == "simulated":
        yield SimulatedHostUnderTest(bureau, clock)
        return
    with tempfile.TemporaryDirectory(prefix="hc") as name:  # short: the path of a Unix socket has at most 107 bytes
        async with intake_under_test(bureau, clock, Path(name)) as real:
            yield real


async def open_day(host: HostUnderTest, revision: int = 0) -> None:
    bulletin = host.bureau.bulletin(revision=revision)
    await host.put_bulletin(bulletin.day, revision, host.bureau.signed(bulletin))
    await host.put_publication(host.bureau.publication())
    for desk in host.bureau.desks:
        await host.put_board(desk.identity, desk.issue(None))


async def ask(host: HostUnderTest, method: str, path: str, body: bytes = b"") -> str:
    return code(await host.send(Request(method, path, body)))


def code(response: Response) -> str:
    return "ok" if response.status == 200 else str(json.loads(response.body)["error"])


def envelope(day: int, size: int = 16 * sizes.KIB, revision: int = 0) -> bytes:
    prefix = sizes.Prefix(day, revision, RANDOM(14)).to_bytes()
    return prefix + RANDOM(size - len(prefix))


def upload(place: int | str | None = None, name: str = NAME) -> str:
    return f"/v1/uploads/{name}" + ("" if place is None else f"/{place}")


def size_is(size: object) -> bytes:
    return json.dumps({"size": size}).encode()


async def test_a_whole_dialogue(host: HostUnderTest) -> None:
    await open_day(host)
    reporter = SimulatedReporter(host.bureau.root.public, host.clock)
    assert await reporter.send(host, "A report.", files=[("a.bin", bytes(1_500_000))]) == 2 * sizes.MIB
    for desk in host.bureau.desks:
        (key,) = await host.listing()
        desk.open_one(await host.fetch(key))
        await host.confirm(desk.identity, [key])
        desk.acknowledge(reporter.thread_id)
        desk.reply(reporter.thread_id, Reply("We read it."))
        await host.put_board(desk.identity, desk.issue(None))
    assert await host.listing() == []
    dialogue = await reporter.read(host)
    assert dialogue.known_everywhere
    assert [mailbox.notes[1].note for mailbox in dialogue.mailboxes] == 2 * [Reply("We read it.")]
    await reporter.send(host, "An answer.", known=True)
    (key,) = await host.listing()
    host.bureau.desks[0].open_one(await host.fetch(key))
    assert host.bureau.desks[0].vault.shown[-1].thread == reporter.thread_id


async def test_an_empty_host_is_not_ready(host: HostUnderTest) -> None:
    for path in ("/v1/bulletin", "/v1/boards", "/v1/publication"):
        assert await ask(host, "GET", path) == "not_ready"
    with pytest.raises(HostNotReady):
        await SimulatedReporter(host.bureau.root.public, host.clock).read(host)


async def test_what_everyone_reads_is_the_same_bytes_every_time(host: HostUnderTest) -> None:
    await open_day(host)
    for path in ("/v1/bulletin", "/v1/boards", "/v1/publication"):
        first, second = [await host.send(Request("GET", path)) for _ in range(2)]
        assert first == second
        assert first.status == 200


async def test_a_parameter_is_refused(host: HostUnderTest) -> None:
    await open_day(host)
    for path in ("/v1/bulletin?since=1", "/v1/boards?tag=1", "/v1/publication?x", "/v1/boards/1", "/v2/boards"):
        assert await ask(host, "GET", path) == "bad_request"


async def test_the_bulletin_of_the_highest_revision_is_served(host: HostUnderTest) -> None:
    await open_day(host)
    first = (await host.send(Request("GET", "/v1/bulletin"))).body
    await open_day(host, revision=1)
    second = (await host.send(Request("GET", "/v1/bulletin"))).body
    assert first != second
    assert json.loads(second)["body"]["revision"] == 1


async def test_an_older_board_does_not_replace_a_newer_one(host: HostUnderTest) -> None:
    await open_day(host)
    desk = host.bureau.desks[0]
    old = desk.issue(None)
    host.clock.now += 3600
    await host.put_board(desk.identity, desk.issue(None))
    with pytest.raises((RefusedError, IntakeRefusedError)) as caught:
        await host.put_board(desk.identity, old)
    assert "conflict" in str(caught.value)


async def test_an_upload_is_visible_in_one_step_and_only_when_finished(host: HostUnderTest) -> None:
    await open_day(host)
    data = envelope(host.clock.day, 2 * sizes.MIB)
    for place in range(2):
        part = data[place * sizes.MIB : (place + 1) * sizes.MIB]
        assert await ask(host, "PUT", upload(place), part) == "ok"
        assert await host.listing() == []
    progress = json.loads((await host.send(Request("GET", upload()))).body)
    assert progress == {"chunks": 2, "finished": False}
    assert await ask(host, "POST", upload("finish"), size_is(len(data))) == "ok"
    (key,) = await host.listing()
    assert await host.fetch(key) == data
    assert json.loads((await host.send(Request("GET", upload()))).body)["finished"] is True


async def test_a_chunk_and_an_end_sent_again_change_nothing(host: HostUnderTest) -> None:
    await open_day(host)
    data = envelope(host.clock.day)
    for _ in range(2):
        assert await ask(host, "PUT", upload(0), data) == "ok"
    assert await ask(host, "PUT", upload(0), data[:-1] + bytes([data[-1] ^ 1])) == "conflict"
    for _ in range(2):
        assert await ask(host, "POST", upload("finish"), size_is(len(data))) == "ok"
    assert len(await host.listing()) == 1
    assert await ask(host, "PUT", upload(0), data) == "conflict"


async def test_an_end_sent_again_after_the_desk_has_the_envelope_is_no_error(host: HostUnderTest) -> None:
    await open_day(host)
    data = envelope(host.clock.day)
    await ask(host, "PUT", upload(0), data)
    await ask(host, "POST", upload("finish"), size_is(len(data)))
    keys = await host.listing()
    for desk in host.bureau.desks:
        await host.confirm(desk.identity, keys)
    assert await host.listing() == []
    assert await ask(host, "POST", upload("finish"), size_is(len(data))) == "ok"
    assert await host.listing() == []


async def test_a_deleted_upload_is_gone(host: HostUnderTest) -> None:
    await open_day(host)
    await ask(host, "PUT", upload(0), envelope(host.clock.day))
    for _ in range(2):
        assert await ask(host, "DELETE", upload()) == "ok"
    assert await ask(host, "GET", upload()) == "unknown_upload"
    assert await ask(host, "POST", upload("finish"), size_is(16 * sizes.KIB)) == "unknown_upload"


async def test_chunks_out_of_their_place_or_length_are_refused(host: HostUnderTest) -> None:
    await open_day(host)
    assert await ask(host, "PUT", upload(1), bytes(sizes.MIB)) == "unknown_upload"
    assert await ask(host, "PUT", upload(0), b"") in ("bad_chunk", "bad_request")
    assert await ask(host, "PUT", upload(0), envelope(host.clock.day, sizes.MIB)) == "ok"
    assert await ask(host, "PUT", upload(2), bytes(sizes.MIB)) == "bad_chunk"
    assert await ask(host, "PUT", upload(1), b"short") == "ok"
    assert await ask(host, "PUT", upload(2), b"after a short one") == "bad_chunk"


async def test_versions_days_and_sizes_that_are_not_taken(host: HostUnderTest) -> None:
    await open_day(host)
    today = host.clock.day
    assert await ask(host, "PUT", upload(0), b"DBXENV02" + envelope(today)[8:]) == "bad_version"
    assert await ask(host, "PUT", upload(0), envelope(today)[:31]) == "bad_size"
    for day in (today - 1, today - 8, today + 2, 0):
        assert await ask(host, "PUT", upload(0), envelope(day)) == "bad_day"
    assert await ask(host, "PUT", upload(0), envelope(today, revision=1)) == "bad_day"
    assert await ask(host, "PUT", upload(0), envelope(today, 20_000)) == "bad_size"
    for place in range(3):
        assert await ask(host, "PUT", upload(place), envelope(today, sizes.MIB)) == "ok"
    for size in (3 * sizes.MIB, 2 * sizes.MIB, 0):
        assert await ask(host, "POST", upload("finish"), size_is(size)) == "bad_size"
    assert await host.listing() == []


async def test_an_envelope_is_taken_for_a_week_and_no_longer(host: HostUnderTest) -> None:
    await open_day(host)
    day = host.clock.day
    host.clock.next_day(7)
    assert await ask(host, "PUT", upload(0), envelope(day)) == "ok"
    host.clock.next_day()
    assert await ask(host, "PUT", upload(0, "00" * 16), envelope(day)) == "bad_day"


async def test_an_envelope_stays_until_every_recipient_has_it(host: HostUnderTest) -> None:
    await open_day(host)
    await ask(host, "PUT", upload(0), envelope(host.clock.day))
    await ask(host, "POST", upload("finish"), size_is(16 * sizes.KIB))
    keys = await host.listing()
    first, second = host.bureau.desks
    for recipient in (first.identity, first.identity, bytes(16)):
        await host.confirm(recipient, keys)
        assert await host.listing() == keys
    await host.confirm(second.identity, keys)
    assert await host.listing() == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"size": "1"}', b'{"size": 1, "more": 1}', b'{"size": true}'])
async def test_an_end_of_another_form_is_refused(host: HostUnderTest, body: bytes) -> None:
    await open_day(host)
    await ask(host, "PUT", upload(0), envelope(host.clock.day))
    assert await ask(host, "POST", upload("finish"), body) == "bad_request"


@pytest.mark.parametrize("name", ["5E" * 16, "5e" * 15, "5e" * 17, "../bulletin", "zz" * 16])
async def test_an_upload_has_one_spelling_of_its_name(host: HostUnderTest, name: str) -> None:
    await open_day(host)
    assert await ask(host, "PUT", upload(0, name), envelope(host.clock.day)) == "bad_request"
    assert await ask(host, "PUT", upload("00"), envelope(host.clock.day)) == "bad_request"


async def test_a_report_of_a_day_that_the_host_does_not_hold_is_refused_and_said(host: HostUnderTest) -> None:
    await open_day(host)
    reporter = SimulatedReporter(host.bureau.root.public, host.clock)
    bulletin = host.bureau.bulletin(host.clock.day + 3)
    served = host.bureau.signed(bulletin)

    class Ahead:
        async def send(self, request: Request) -> Response:
            return Response(200, served) if request.path == "/v1/bulletin" else await host.send(request)

    reporter.clock = Clock(host.clock.now + 3 * sizes.DAY)
    with pytest.raises(HostRefused):
        await reporter.send(Ahead(), "x")
    assert await host.listing() == []


# ------------------------------------------------------------------------------------------ small ones, in one request
@pytest.mark.parametrize("size", [16 * sizes.KIB, 256 * sizes.KIB, sizes.MIB])
async def test_a_whole_is_visible_at_once_and_a_second_time_changes_nothing(host: HostUnderTest, size: int) -> None:
    await open_day(host)
    data = envelope(host.clock.day, size)
    for _ in range(2):
        assert await ask(host, "PUT", upload("whole"), data) == "ok"
    (key,) = await host.listing()
    assert await host.fetch(key) == data
    assert json.loads((await host.send(Request("GET", upload()))).body) == {"chunks": 0, "finished": True}
    assert await ask(host, "POST", upload("finish"), size_is(size)) == "ok"
    assert await ask(host, "PUT", upload(0), data) == "conflict"
    assert await ask(host, "DELETE", upload()) == "conflict"


async def test_a_whole_sent_again_after_the_desk_has_it_is_no_error(host: HostUnderTest) -> None:
    await open_day(host)
    data = envelope(host.clock.day)
    await ask(host, "PUT", upload("whole"), data)
    for desk in host.bureau.desks:
        await host.confirm(desk.identity, await host.listing())
    host.clock.next_day(2)
    assert await ask(host, "PUT", upload("whole"), data) == "ok"
    assert await host.listing() == []


async def test_a_whole_of_what_was_begun_in_chunks_is_a_conflict(host: HostUnderTest) -> None:
    await open_day(host)
    data = envelope(host.clock.day)
    await ask(host, "PUT", upload(0), data)
    assert await ask(host, "PUT", upload("whole"), data) == "conflict"
    assert await host.listing() == []
    assert await ask(host, "POST", upload("finish"), size_is(len(data))) == "ok"


async def test_a_whole_that_is_not_taken_leaves_nothing(host: HostUnderTest) -> None:
    await open_day(host)
    today = host.clock.day
    for data, said in (
        (envelope(today)[:31], "bad_size"),
        (envelope(today)[:-1], "bad_size"),
        (envelope(today, 20_000), "bad_size"),
        (b"DBXENV02" + envelope(today)[8:], "bad_version"),
        (envelope(today - 8), "bad_day"),
        (envelope(today + 2), "bad_day"),
        (envelope(today, revision=1), "bad_day"),
    ):
        assert await ask(host, "PUT", upload("whole"), data) == said
        assert await ask(host, "GET", upload()) == "unknown_upload"
    assert await host.listing() == []


# ------------------------------------------------------------------------------- names that are bound to a content
SALT = bytes(range(16))


def bound(data: bytes) -> str:
    return bound_name(SALT, parts(data))


def parts(data: bytes) -> list[bytes]:
    return [data[at : at + sizes.MIB] for at in range(0, len(data), sizes.MIB)]


def end(data: bytes, salt: bytes = SALT) -> bytes:
    return json.dumps({"size": len(data), "salt": salt.hex()}).encode()


@pytest.mark.parametrize("size", [16 * sizes.KIB, 2 * sizes.MIB])
async def test_under_a_bound_name_its_content_arrives_and_the_host_says_what_it_has(
    host: HostUnderTest, size: int
) -> None:
    await open_day(host)
    data = envelope(host.clock.day, size)
    name = bound(data)
    for place, part in enumerate(parts(data)):
        for _ in range(2):
            assert await ask(host, "PUT", upload(place, name), part) == "ok"
        said = json.loads((await host.send(Request("GET", upload(name=name)))).body)
        there = content_hash(parts(data)[: place + 1]).hex()
        assert said == {"chunks": place + 1, "finished": False, "content": there}
    for _ in range(2):
        assert await ask(host, "POST", upload("finish", name), end(data)) == "ok"
    (key,) = await host.listing()
    assert await host.fetch(key) == data
    assert json.loads((await host.send(Request("GET", upload(name=name)))).body) == {"chunks": 0, "finished": True}


@pytest.mark.parametrize("size", [16 * sizes.KIB, 2 * sizes.MIB])
async def test_under_a_bound_name_nothing_else_arrives_and_nothing_of_it_stays(host: HostUnderTest, size: int) -> None:
    await open_day(host)
    real, other = envelope(host.clock.day, size), envelope(host.clock.day, size)
    for data, salt in ((other, SALT), (real, bytes(16))):
        for place, part in enumerate(parts(data)):
            assert await ask(host, "PUT", upload(place, bound(real)), part) == "ok"
        assert await ask(host, "POST", upload("finish", bound(real)), end(data, salt)) == "unknown_upload"
        assert await ask(host, "GET", upload(name=bound(real))) == "unknown_upload"
        assert await host.listing() == []
    for place, part in enumerate(parts(real)):
        assert await ask(host, "PUT", upload(place, bound(real)), part) == "ok"
    assert await ask(host, "POST", upload("finish", bound(real)), end(real)) == "ok"
    assert len(await host.listing()) == 1


async def test_a_bound_name_has_one_way_and_one_spelling(host: HostUnderTest) -> None:
    await open_day(host)
    data = envelope(host.clock.day)
    name = bound(data)
    assert await ask(host, "PUT", upload("whole", name), data) == "bad_request"
    assert await ask(host, "PUT", upload(0, name[:-1]), data) == "bad_request"
    assert await ask(host, "PUT", upload(0, name.upper()), data) == "bad_request"
    assert await ask(host, "PUT", upload(0, name), data) == "ok"
    for body in (size_is(len(data)), end(data, b""), end(data, bytes(17))):
        assert await ask(host, "POST", upload("finish", name), body) == "bad_request"
    assert await ask(host, "PUT", upload(0), data) == "ok"
    assert await ask(host, "POST", upload("finish"), end(data)) == "bad_request"
    assert await host.listing() == []
