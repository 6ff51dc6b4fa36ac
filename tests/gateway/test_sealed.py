"""A file that was sealed elsewhere goes through the form as it is, with scripts off; anything else leaves nothing."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from dropbox.protocol import envelope, payload, sealed_file, sizes
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.thread import ReporterKeys
from dropbox.protocol.upload_name import ContentHash, UploadName
from dropbox.web.languages import ENGLISH
from dropbox.web.templating import long_day
from tests.gateway.conftest import Part, World

ADDRESS = "/en/sealed-file"
SALT = bytes(range(16))


def sealed(world: World, file: bytes = b"", day: int | None = None) -> bytes:
    bulletin = world.bureau.bulletin
    if day is not None:
        bulletin = replace(bulletin, day=day)
    keys = ReporterKeys.derive(Receipt(bytes(15)), bulletin.instance)
    writer = envelope.EnvelopeWriter(bulletin, keys.auth, os.urandom)
    parts = [writer.begin(envelope.first_head(keys, bulletin, bytes(16)), payload.Message("sealed elsewhere"))]
    parts += [writer.begin_file("a.bin"), writer.file_data(file), writer.end_file(), *writer.finish()]
    content = ContentHash()
    content.add(b"".join(parts))
    return sealed_file.before_envelope(UploadName.of(SALT, content.hash)) + b"".join(parts)


def name_of(data: bytes) -> str:
    return sealed_file.SealedHead.from_bytes(data[: sealed_file.HEAD]).name.name.hex()


def part(data: bytes) -> Part:
    return "files", data, "anything.bin"


@pytest.mark.parametrize("size", [0, 3 * sizes.MIB])
async def test_a_sealed_file_reaches_the_bureau_unopened(world: World, size: int) -> None:
    file = os.urandom(size)
    answer = await world.post(ADDRESS, [part(data := sealed(world, file))])
    assert answer.status == 200
    assert "Only the bureau can open it" in answer.page.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert world.intake.envelopes == [data[sealed_file.BEFORE :]]
    assert world.bureau.open(world.intake.envelopes[0]).files == [("a.bin", file)]


async def test_the_form_needs_no_script_and_is_found_from_the_report_page(world: World) -> None:
    page = await world.get(ADDRESS)
    assert "<script" not in page.html
    assert page.page.fields.keys() == {"files"}
    assert f'href="{ADDRESS}"' in (await world.get("/en/report")).html
    assert "verzegeld" in (await world.get("/nl/verzegeld-bestand")).page.text


async def test_the_same_file_twice_is_one_envelope(world: World) -> None:
    data = sealed(world, bytes(2 * sizes.MIB))
    answers = [await world.post(ADDRESS, [part(data)]) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert ["was here already" in answer.page.text for answer in answers] == [False, True]
    assert len(world.intake.envelopes) == 1


async def test_what_broke_off_goes_on_where_it_was(world: World) -> None:
    data = sealed(world, bytes(3 * sizes.MIB))
    for number in range(2):
        at = sealed_file.BEFORE + number * sizes.UPLOAD_CHUNK
        chunk = data[at : at + sizes.UPLOAD_CHUNK]
        async with world.client.put(f"{world.base}/v1/uploads/{name_of(data)}/{number}", data=chunk) as put:
            assert put.status == 200
    world.intake.seen.clear()
    assert (await world.post(ADDRESS, [part(data)])).status == 200
    assert [one.path.rpartition("/")[2] for one in world.intake.seen] == [name_of(data), "2", "3", "finish"]
    assert world.intake.envelopes == [data[sealed_file.BEFORE :]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: b"%PDF" + data[4:], "not a sealed file"),
        (lambda _: b"", "not a sealed file"),
        (lambda data: data[:-1], "is damaged"),
        (lambda data: data + b"\0", "is damaged"),
        (lambda data: data[:50], "is damaged"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "is damaged"),
        (lambda data: data[:60] + b"X" + data[61:], "is damaged"),
    ],
    ids=["ordinary", "empty", "cut", "longer", "cut-in-head", "altered", "altered-in-head"],
)
async def test_anything_else_leaves_nothing_and_is_said(world: World, change: object, sentence: str) -> None:
    data = change(sealed(world, bytes(2 * sizes.MIB)))  # type: ignore[operator]  # a parameter
    answer = await world.post(ADDRESS, [part(data)])
    assert answer.status == 422
    assert sentence in answer.page.text
    assert not world.intake.envelopes
    assert not world.intake.uploads


async def test_no_file_and_two_files_are_said(world: World) -> None:
    answer = await world.post(ADDRESS, [("files", b"", "")])
    assert (answer.status, "None was chosen" in answer.page.text) == (422, True)
    two = await world.post(ADDRESS, [part(sealed(world)), part(sealed(world))])
    assert (two.status, "one sealed file at a time" in two.page.text) == (422, True)
    assert not world.intake.envelopes


@pytest.mark.parametrize(
    ("code", "status", "sentence"),
    [
        ("full", 507, "is full just now"),
        ("bad_day", 422, "was sealed for another reporting point"),
        ("conflict", 409, "something else stood on our server"),
        ("bad_chunk", 400, "That is our fault"),
    ],
)
async def test_what_the_host_refuses_is_said(world: World, code: str, status: int, sentence: str) -> None:
    world.intake.refuse = ("PUT", code, status)
    answer = await world.post(ADDRESS, [part(sealed(world))])
    assert answer.status == 503
    assert sentence in answer.page.text


@pytest.mark.parametrize(
    ("shift", "sentence"), [(-8, "more than 7 days ago"), (-7, "another reporting"), (2, "to come")]
)
async def test_of_a_file_of_another_day_it_is_said_which(world: World, shift: int, sentence: str) -> None:
    day = world.bureau.day + shift
    world.intake.refuse = ("PUT", "bad_day", 422)
    answer = await world.post(ADDRESS, [part(sealed(world, day=day))])
    assert sentence in answer.page.text
    assert long_day(day, ENGLISH) in answer.page.text


@pytest.mark.parametrize("planted", [1, 2])
async def test_what_somebody_put_under_the_name_of_a_copied_file_is_taken_away_and_the_real_one_arrives(
    world: World, planted: int
) -> None:
    data = sealed(world, bytes(sizes.MIB))
    world.intake.uploads[name_of(data)] = bytearray(planted * sizes.MIB)
    answer = await world.post(ADDRESS, [part(data)])
    assert (answer.status, "something else stood" in answer.page.text) == (503, True)
    assert not world.intake.uploads
    assert (await world.post(ADDRESS, [part(data)])).status == 200
    assert world.intake.envelopes == [data[sealed_file.BEFORE :]]


async def test_a_host_that_goes_away_in_the_middle_and_at_the_end_are_told_apart(world: World) -> None:
    data = sealed(world, bytes(2 * sizes.MIB))
    world.intake.away = True
    assert "was not handed in yet" in (await world.post(ADDRESS, [part(data)])).page.text
    world.intake.away = False
    world.intake.after_the_end = "not_ready"
    assert "do not know whether the whole file came in" in (await world.post(ADDRESS, [part(data)])).page.text


async def test_another_site_cannot_hand_in_from_a_visitors_browser(world: World) -> None:
    answer = await world.post(ADDRESS, [part(sealed(world))], **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert not world.intake.seen
