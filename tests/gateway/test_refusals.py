"""Every refused input says what to do, and gives back what was typed."""

import asyncio
import contextlib
import gzip
import re

import pytest

from dropbox.gateway import form_reader
from dropbox.protocol.payload import FIELD_LIMIT, MAX_FILES, TEXT_LIMIT
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.sizes import DAY, MIB
from tests.gateway.bureau import NOW, Bureau
from tests.gateway.conftest import BOUNDARY, Answer, Part, World, encode_form, form_type, parts_of

TYPED = "Wat ik zag op de post."


async def draft(world: World, **values: str) -> dict[str, str]:
    return await world.report_form("/nl/melden") | {"text": TYPED} | values


def assert_refused(answer: Answer, world: World, words: str, status: int = 422) -> None:
    assert answer.status == status
    assert words in answer.page.text
    assert "Er is een probleem" in answer.page.text
    assert not world.intake.envelopes
    assert not world.intake.uploads


async def test_an_empty_report(world: World) -> None:
    fields = await draft(world, text=" \r\n ")
    answer = await world.post("/nl/melden", [*parts_of(fields), ("files", b"", "")])
    assert_refused(answer, world, "Schrijf op wat er gebeurde, of kies een bestand.")
    assert answer.page.fields["receipt"] == fields["receipt"]
    assert answer.page.fields["message"] == fields["message"]


async def test_a_text_that_is_too_long_comes_back_with_the_bytes_over(world: World) -> None:
    text = "é" * TEXT_LIMIT
    answer = await world.post("/nl/melden", parts_of(await draft(world, text=text)))
    assert_refused(answer, world, f"Uw tekst is {TEXT_LIMIT} bytes te lang.")
    assert answer.page.fields["text"] == text


async def test_a_text_of_5_mb_comes_back_whole(world: World) -> None:
    text = "Een regel & nog een.\n" * (5 * MIB // 21)
    answer = await world.post("/nl/melden", parts_of(await draft(world, text=text)))
    assert_refused(answer, world, "bytes te lang")
    assert answer.page.fields["text"] == text.strip()
    assert len(answer.body) % (256 * 1024) == 0


async def test_a_text_beyond_all_measure_says_that_it_is_cut(world: World) -> None:
    answer = await world.post("/nl/melden", parts_of(await draft(world, text="x" * 9 * MIB)))
    assert_refused(answer, world, "Hier staat alleen nog het eerste deel.")
    assert len(answer.page.fields["text"]) == 6 * MIB


async def test_a_refused_text_says_how_many_bytes_are_left(world: World) -> None:
    answer = await world.post("/nl/melden", parts_of(await draft(world, category="nonsense")))
    assert_refused(answer, world, "Kies een van de antwoorden uit de lijst.")
    assert f"U hebt nog {TEXT_LIMIT - len(TYPED):,} bytes over.".replace(",", ".") in answer.page.text


async def test_a_small_field_that_is_too_long(world: World) -> None:
    names = "n" * (FIELD_LIMIT + 7)
    answer = await world.post("/nl/melden", parts_of(await draft(world, keep_from=names)))
    assert_refused(answer, world, "Deze tekst is 7 bytes te lang.")
    assert answer.page.fields["keep_from"] == names


async def test_21_files(world: World) -> None:
    files: list[Part] = [("files", b"z" * 100_000, f"{number}.txt") for number in range(MAX_FILES + 1)]
    answer = await world.post("/nl/melden", parts_of(await draft(world)) + files)
    assert_refused(answer, world, "U koos meer dan 20 bestanden.")
    assert answer.page.fields["text"] == TYPED


async def test_files_that_are_too_large(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_reader, "MAX_BODY", 2 * MIB)
    answer = await world.post("/nl/melden", [*parts_of(await draft(world)), ("files", b"z" * 3 * MIB, "a")])
    assert_refused(answer, world, "samen groter dan 1\u00a0GB", 413)
    assert answer.page.fields["text"] == TYPED


async def test_a_mistyped_word_is_named_with_words_like_it(world: World) -> None:
    words = (await world.report_form())["receipt"].split()
    words[4] = "abandonn"
    answer = await world.post("/nl/melden", parts_of(await draft(world, own_receipt=" ".join(words))))
    assert_refused(answer, world, "Woord 5 bestaat niet in onze woordenlijst. Bedoelt u: abandon")
    assert answer.page.fields["own_receipt"] == " ".join(words)
    assert answer.page.fields["text"] == TYPED


async def test_words_damaged_on_the_way_are_replaced_and_said_so(world: World) -> None:
    answer = await world.post("/nl/melden", parts_of(await draft(world, receipt="abandon abandon")))
    assert_refused(answer, world, "De woorden van dit formulier kwamen beschadigd aan.")
    assert len(answer.page.fields["receipt"].split()) == 12


async def test_words_damaged_on_the_way_are_no_loss_to_who_has_words_already(world: World) -> None:
    words = " ".join(Receipt(bytes(range(15))).words())
    answer = await world.post("/nl/melden", parts_of(await draft(world, receipt="abandon", own_receipt=words)))
    assert answer.status == 200
    assert answer.page.fields["receipt"] == words


@pytest.mark.parametrize("message", ["", "AB" * 16, "ab " * 16, "ab" * 15, "zz" * 16])
async def test_a_damaged_message_id_replaces_no_words(world: World, message: str) -> None:
    fields = await draft(world, message=message)
    answer = await world.post("/nl/melden", parts_of(fields))
    assert answer.status == 200
    assert answer.page.fields["receipt"] == fields["receipt"]
    assert world.bureau.open(world.intake.envelopes[0]).head.message_id.hex() != message


async def test_a_form_that_drips_is_broken_off_and_says_so(world: World) -> None:
    body = encode_form([*parts_of(await draft(world)), ("files", b"z" * MIB, "a")])
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    head = f"POST /nl/melden HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    begin = body.index(b"zzz")
    writer.write(f"{head}Content-Type: {form_type()['Content-Type']}\r\n\r\n".encode() + body[:begin])
    answer = asyncio.ensure_future(reader.read())
    for at in range(begin, len(body), 50):
        with contextlib.suppress(ConnectionError):
            writer.write(body[at : at + 50])
            await writer.drain()
        if (await asyncio.wait([answer], timeout=0.1))[0]:
            break
    writer.close()
    page = (await answer).decode()
    assert " 408 " in page.splitlines()[0]
    assert "Uw verbinding is te traag voor wat u stuurt" in page
    assert TYPED in page
    assert not world.intake.uploads


async def malformed(world: World, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    answer = await world.post_raw("/nl/melden", body, headers or form_type())
    assert_refused(answer, world, "Wij konden het formulier niet lezen", 400)
    return answer


async def test_a_form_cut_in_its_text_gives_back_what_came(world: World) -> None:
    body = encode_form(parts_of(await draft(world)))
    cut = body[: body.index(b"zag") + 3]
    answer = await malformed(world, cut)
    assert answer.page.fields["text"] == "Wat ik zag"


async def test_a_form_cut_in_a_file_sends_nothing(world: World) -> None:
    body = encode_form([*parts_of(await draft(world)), ("files", b"z" * 3 * MIB, "a")])
    answer = await malformed(world, body[: -2 * MIB])
    assert answer.page.fields["text"] == TYPED
    assert any(request.method == "DELETE" for request in world.intake.seen)


async def test_a_field_after_a_file(world: World) -> None:
    fields = await draft(world)
    late = fields.pop("text")
    answer = await malformed(world, encode_form([*parts_of(fields), ("files", b"z", "a"), ("text", late, None)]))
    assert answer.page.fields["category"] == ""


async def test_ten_thousand_fields(world: World) -> None:
    fields = await draft(world)
    more: list[Part] = [(f"field{number}", "x", None) for number in range(10_000)]
    answer = await malformed(world, encode_form(parts_of(fields) + more))
    assert answer.page.fields["text"] == TYPED


async def test_ten_thousand_empty_files(world: World) -> None:
    more: list[Part] = [("files", b"", "") for _ in range(10_000)]
    answer = await malformed(world, encode_form(parts_of(await draft(world)) + more))
    assert answer.page.fields["text"] == TYPED


async def test_a_field_twice(world: World) -> None:
    fields = await draft(world)
    answer = await malformed(world, encode_form([*parts_of(fields), ("text", "another", None)]))
    assert answer.page.fields["text"] == TYPED


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"text=x", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"", form_type()),
        (b"no boundary anywhere", form_type()),
        (b"x", {"Content-Type": "multipart/form-data"}),
        (b"x", {"Content-Type": "multipart/form-data; boundary=" + "b" * 100}),
        (f"--{BOUNDARY}\r\n\r\nno header\r\n--{BOUNDARY}--\r\n".encode(), form_type()),
        (f"--{BOUNDARY}\r\nContent-Disposition: nonsense\0\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(), form_type()),
        (f"--{BOUNDARY}\r\n{'x' * 70_000}: y\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(), form_type()),
        (
            f"--{BOUNDARY}\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nx\r\n--y--\r\n"
            f"--{BOUNDARY}--\r\n".encode(),
            form_type(),
        ),
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\n{"x" * 100}\r\n'
            f"--{BOUNDARY}--\r\n".encode(),
            form_type(),
        ),
    ],
)
async def test_what_is_no_form_at_all(world: World, body: bytes, headers: dict[str, str]) -> None:
    answer = await malformed(world, body, headers)
    assert "kwamen beschadigd aan" in answer.page.text  # twelve new words stand in the place of those on paper


async def test_a_compressed_form_is_not_unpacked(world: World) -> None:
    body = gzip.compress(encode_form(parts_of(await draft(world))))
    await malformed(world, body, form_type() | {"Content-Encoding": "gzip"})


async def test_a_nul_in_a_file_name(world: World) -> None:
    body = encode_form([*parts_of(await draft(world)), ("files", b"z", "a\0b.txt")])
    answer = await malformed(world, body)
    assert answer.page.fields["text"] == TYPED


async def test_text_that_is_not_utf_8(world: World) -> None:
    fields = await draft(world)
    parts: list[Part] = [(name, value, None) for name, value in fields.items() if name != "text"]
    answer = await world.post("/nl/melden", [*parts, ("text", b"caf\xe9", None)])
    assert_refused(answer, world, "Sommige tekens konden wij niet lezen.")
    assert answer.page.fields["text"] == "caf\ufffd"


async def raw_post(world: World, length: int, body: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    head = f"POST /nl/melden HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n"
    writer.write(f"{head}Content-Type: {form_type()['Content-Type']}\r\n\r\n".encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    answer += await reader.readexactly(int(answer.lower().partition(b"content-length: ")[2].split()[0]))
    writer.close()
    return answer


async def test_a_length_shorter_than_the_form(world: World) -> None:
    body = encode_form(parts_of(await draft(world)))
    answer = await raw_post(world, len(body) - 20, body[:-20])
    assert b" 400 " in answer.splitlines()[0]
    assert TYPED.encode() in answer
    surplus = await raw_post(world, len(body) - 20, body)  # what is too much would be the next request
    assert b" 400 " in surplus.splitlines()[0]
    assert TYPED.encode() in surplus
    assert not world.intake.envelopes


async def test_a_length_longer_than_the_form_ends_after_a_while(world: World) -> None:
    body = encode_form(parts_of(await draft(world)))
    answer = await raw_post(world, len(body) + 20, body[:-30])
    assert b" 408 " in answer.splitlines()[0]
    assert not world.intake.envelopes


async def test_a_form_that_is_too_large_is_read_to_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_reader, "MAX_BODY", MIB)
    body = encode_form([*parts_of(await draft(world)), ("files", b"z" * 40 * MIB, "a")])
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    head = f"POST /nl/melden HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Type: {form_type()['Content-Type']}\r\n\r\n".encode())
    for at in range(0, len(body), MIB):  # as Firefox: it looks for an answer when all of it is out
        writer.write(body[at : at + MIB])
        await writer.drain()
    answer = await reader.read()
    writer.close()
    assert b" 413 " in answer.splitlines()[0]
    assert TYPED.encode() in answer


async def test_a_length_beyond_every_report_is_refused_at_once_with_the_text(world: World) -> None:
    parts: list[Part] = [*parts_of(await draft(world)), ("files", b"z" * MIB, "a")]
    answer = await raw_post(world, form_reader.MOST_DISCARDED + 1, encode_form(parts)[: -len(BOUNDARY) - 10])
    assert b" 413 " in answer.splitlines()[0]
    assert TYPED.encode() in answer


@pytest.mark.parametrize(
    ("method", "code", "status", "words"),
    [
        ("PUT", "full", 507, "Onze server zit op dit moment vol."),
        ("PUT", "too_many_uploads", 503, "Onze server zit op dit moment vol."),
        ("PUT", "bad_day", 422, "Onze server weigerde de melding."),
        ("PUT", "unknown_upload", 404, "Onze server weigerde de melding."),
        ("GET", "not_ready", 503, "Het bureau heeft voor vandaag geen sleutels klaargezet."),
    ],
)
async def test_what_intake_refuses_is_said_in_plain_words(
    world: World, method: str, code: str, status: int, words: str
) -> None:
    fields = await draft(world)
    world.intake.refuse = (method, code, status)
    answer = await world.post("/nl/melden", parts_of(fields))
    assert_refused(answer, world, words, 503)
    assert answer.page.fields["text"] == TYPED
    assert answer.page.fields["receipt"] == fields["receipt"]


async def test_intake_away(world: World) -> None:
    fields = await draft(world)
    world.intake.away = True
    answer = await world.post("/nl/melden", parts_of(fields))
    assert_refused(answer, world, "Onze server gaf geen antwoord. Deze keer is uw melding dus niet aangekomen.", 503)
    assert answer.page.fields["message"] == fields["message"]


@pytest.mark.parametrize("seconds", [-365 * DAY, 2 * DAY, 365 * DAY])
async def test_an_expired_bulletin_or_a_clock_that_is_off(world: World, seconds: int) -> None:
    fields = await draft(world)
    world.now[0] = NOW + seconds
    answer = await world.post("/nl/melden", parts_of(fields))
    assert_refused(answer, world, "De sleutels van het bureau zijn verlopen, of de klok", 503)
    assert answer.page.fields["text"] == TYPED


async def test_a_bulletin_of_someone_else_is_never_sealed_to(world: World) -> None:
    world.intake.static["/v1/bulletin"] = Bureau().signed_bulletin()
    answer = await world.post("/nl/melden", parts_of(await draft(world)))
    assert_refused(answer, world, "Onze server weigerde de melding.", 503)


async def test_every_problem_of_the_summary_leads_to_its_field(world: World) -> None:
    fields = await draft(world, text="", own_receipt="abandon", category="?", ongoing="?", keep_from="n" * 2000)
    answer = await world.post("/nl/melden", parts_of(fields))
    linked = re.findall(r'<li><a href="#([\w-]+)">', answer.html)
    assert linked == ["own_receipt", "category", "text", "ongoing", "keep_from"]
    assert set(linked) <= set(answer.page.ids)
