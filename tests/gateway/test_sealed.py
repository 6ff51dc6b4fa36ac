"""A file that was sealed elsewhere goes through the form as it is, with scripts off; anything else leaves nothing."""

from __future__ import annotations

import os

import pytest

from dropbox.protocol import envelope, payload, sealed_file, sizes
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.thread import ReporterKeys
from tests.gateway.conftest import Part, World

ADDRESS = "/en/sealed-file"
ID = bytes(range(16))


def sealed(world: World, file: bytes = b"") -> bytes:
    bulletin = world.bureau.bulletin
    keys = ReporterKeys.derive(Receipt(bytes(15)), bulletin.instance)
    writer = envelope.EnvelopeWriter(bulletin, keys.auth, os.urandom)
    parts = [writer.begin(envelope.first_head(keys, bulletin, bytes(16)), payload.Message("sealed elsewhere"))]
    parts += [writer.begin_file("a.bin"), writer.file_data(file), writer.end_file(), *writer.finish()]
    return sealed_file.before_envelope(ID) + b"".join(parts)


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
    for _ in range(2):
        assert (await world.post(ADDRESS, [part(data)])).status == 200
    assert len(world.intake.envelopes) == 1


async def test_what_broke_off_goes_on_where_it_was(world: World) -> None:
    data = sealed(world, bytes(3 * sizes.MIB))
    for number in range(2):
        at = sealed_file.BEFORE + number * sizes.UPLOAD_CHUNK
        chunk = data[at : at + sizes.UPLOAD_CHUNK]
        async with world.client.put(f"{world.base}/v1/uploads/{ID.hex()}/{number}", data=chunk) as put:
            assert put.status == 200
    world.intake.seen.clear()
    assert (await world.post(ADDRESS, [part(data)])).status == 200
    assert [one.path.rpartition("/")[2] for one in world.intake.seen] == [ID.hex(), "2", "3", "finish"]
    assert world.intake.envelopes == [data[sealed_file.BEFORE :]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: b"%PDF" + data[4:], "not a sealed file"),
        (lambda data: data[:-1], "not a sealed file"),
        (lambda data: data + b"\0", "not a sealed file"),
        (lambda _: b"", "not a sealed file"),
    ],
    ids=["ordinary", "cut", "longer", "empty"],
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


@pytest.mark.parametrize(("code", "status", "sentence"), [("bad_day", 422, "7 days ago"), ("full", 507, "is full")])
async def test_what_the_host_refuses_is_said(world: World, code: str, status: int, sentence: str) -> None:
    world.intake.refuse = ("PUT", code, status)
    answer = await world.post(ADDRESS, [part(sealed(world))])
    assert answer.status == 503
    assert sentence in answer.page.text


async def test_another_site_cannot_hand_in_from_a_visitors_browser(world: World) -> None:
    answer = await world.post(ADDRESS, [part(sealed(world))], **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert not world.intake.seen
