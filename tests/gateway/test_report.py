import asyncio
import re

import pytest

from dropbox.protocol.file_names import clean_file_name
from dropbox.protocol.payload import MAX_FILES
from dropbox.protocol.receipt import Receipt, parse_receipt
from dropbox.protocol.sizes import KIB, MIB
from dropbox.protocol.thread import ReporterKeys
from tests.gateway.conftest import Part, World, encode_form, form_type, parts_of

TEXT = 'Op de post gebeurt dit: "één" regel\r\nen nog een.'


async def test_a_report_reaches_the_bureau_whole(world: World) -> None:
    fields = await world.report_form("/nl/melden")
    words = fields["receipt"]
    fields |= {"text": TEXT, "category": "fraud", "ongoing": "unsure", "keep_from": "mijn chef"}
    photo = bytes(range(256)) * 12_000
    files: list[Part] = [("files", photo, "foto.jpg"), ("files", b"", ""), ("files", b"", "leeg.txt")]
    answer = await world.post("/nl/melden", parts_of(fields) + files)
    assert answer.status == 200
    opened = world.bureau.open(world.intake.envelopes[0])
    assert opened.authentic
    assert opened.message.text == 'Op de post gebeurt dit: "één" regel\nen nog een.'
    assert (opened.message.category, opened.message.ongoing) == ("fraud", "unsure")
    assert (opened.message.keep_from, opened.message.language) == ("mijn chef", "nl")
    assert opened.files == [("foto.jpg", photo), ("leeg.txt", b"")]
    keys = ReporterKeys.derive(parse_receipt(words), world.bureau.bulletin.instance)
    assert opened.head.thread_id == keys.thread_id
    assert opened.head.message_id.hex() == fields["message"]


async def test_the_page_after_sending_repeats_the_words_and_says_what_was_sent(world: World) -> None:
    fields = await world.report_form()
    parts: list[Part] = [*parts_of(fields | {"text": "x"}), ("files", b"y" * 40_000, "a.pdf")]
    answer = await world.post("/en/report", parts)
    assert re.findall(r"<li>([a-z]+)</li>", answer.html) == fields["receipt"].split()
    assert "1 file came in whole" in answer.page.text
    assert "256 KB" in answer.page.text
    assert "Within 7 days" in answer.page.text
    assert len(answer.body) == 16 * KIB
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.page.text.count("come back soon")


async def test_the_same_form_sent_twice_is_one_message(world: World) -> None:
    fields = await world.report_form() | {"text": "x"}
    for _ in range(2):
        assert (await world.post("/en/report", parts_of(fields))).status == 200
    first, second = (world.bureau.open(envelope) for envelope in world.intake.envelopes)
    assert first.head.message_id == second.head.message_id
    assert first.head.thread_id == second.head.thread_id


async def test_words_from_before_are_used_and_shown_again(world: World) -> None:
    mine = Receipt(bytes(range(15)))
    typed = ", ".join(f"{place}. {word.upper()}" for place, word in enumerate(mine.words(), 1))
    fields = await world.report_form() | {"text": "x", "own_receipt": typed}
    answer = await world.post("/en/report", parts_of(fields))
    assert answer.page.fields["receipt"] == " ".join(mine.words())
    opened = world.bureau.open(world.intake.envelopes[0])
    assert opened.head.thread_id == ReporterKeys.derive(mine, world.bureau.bulletin.instance).thread_id


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "C:\\Users\\naam\\foto.jpg",
        "\u202egpj.exe\u200f",
        "é" * 4000 + ".pdf",
        'quo"te.txt',
        "tab\tnaam.txt",
        "…",
    ],
)
async def test_a_file_name_is_made_harmless_and_loses_nothing_else(world: World, name: str) -> None:
    fields = await world.report_form() | {"text": "x"}
    answer = await world.post("/en/report", [*parts_of(fields), ("files", b"content", name)])
    assert answer.status == 200
    ((kept, content),) = world.bureau.open(world.intake.envelopes[0]).files
    assert content == b"content"
    assert kept == clean_file_name(name)
    assert "/" not in kept
    assert kept.isprintable()
    assert len(kept.encode()) <= 255


async def test_twenty_files_are_taken(world: World) -> None:
    fields = await world.report_form() | {"text": "x"}
    files: list[Part] = [("files", b"z", f"{number}.txt") for number in range(MAX_FILES)]
    answer = await world.post("/en/report", parts_of(fields) + files)
    assert answer.status == 200
    assert len(world.bureau.open(world.intake.envelopes[0]).files) == MAX_FILES


async def test_a_file_without_a_word_is_a_report(world: World) -> None:
    fields = await world.report_form()
    answer = await world.post("/en/report", [*parts_of(fields), ("files", b"z", "a.txt")])
    assert answer.status == 200
    assert "1 file came in whole." in answer.page.text
    assert "Your text" not in answer.page.text
    assert len(world.intake.envelopes) == 1


async def test_a_broken_line_to_intake_is_resumed(world: World) -> None:
    world.intake.breaks_after = 2
    fields = await world.report_form() | {"text": "x"}
    answer = await world.post("/en/report", [*parts_of(fields), ("files", b"z" * 3 * MIB, "a")])
    assert answer.status == 200
    assert world.bureau.open(world.intake.envelopes[0]).files == [("a", b"z" * 3 * MIB)]
    assert [request.method for request in world.intake.seen].count("GET") == 3  # bulletin twice, and how far it got


async def test_a_store_that_is_away_for_a_moment_ends_no_report(world: World) -> None:
    world.intake.not_ready = 2
    fields = await world.report_form() | {"text": "x"}
    answer = await world.post("/en/report", [*parts_of(fields), ("files", b"z" * 3 * MIB, "a")])
    assert answer.status == 200
    assert world.bureau.open(world.intake.envelopes[0]).files == [("a", b"z" * 3 * MIB)]


@pytest.mark.parametrize("code", ["not_ready", "unknown_upload", "full"])
async def test_a_report_whose_last_answer_was_lost_is_not_called_unsent(world: World, code: str) -> None:
    world.intake.after_the_end = code
    fields = await world.report_form() | {"text": "x"}
    answer = await world.post("/en/report", parts_of(fields))
    assert answer.status == 503
    assert "we do not know whether your report came in" in answer.page.text
    assert answer.page.fields["message"] == fields["message"]
    assert len(world.intake.envelopes) == 1


async def test_a_report_that_the_host_takes_half_of_is_called_unsent(world: World) -> None:
    world.intake.takes = 2
    fields = await world.report_form() | {"text": "x"}
    answer = await world.post("/en/report", [*parts_of(fields), ("files", b"z" * 3 * MIB, "a")])
    assert answer.status == 503
    assert "so this time your report did not come in" in answer.page.text
    assert not world.intake.envelopes


async def test_a_second_try_that_fails_takes_back_nothing_that_was_said_of_the_first(world: World) -> None:
    world.intake.after_the_end = "not_ready"
    fields = await world.report_form() | {"text": "x"}
    assert "we do not know" in (await world.post("/en/report", parts_of(fields))).page.text
    world.intake.away = True
    again = (await world.post("/en/report", parts_of(fields))).page.text
    assert "so this time your report did not come in" in again
    assert "was not sent" not in again
    assert len(world.intake.envelopes) == 1


async def test_a_visitor_who_leaves_midway_leaves_nothing(world: World) -> None:
    fields = await world.report_form() | {"text": "x"}
    body = encode_form([*parts_of(fields), ("files", b"z" * 5 * MIB, "a")])
    _, writer = await asyncio.open_connection("127.0.0.1", world.port)
    head = f"POST /en/report HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    head += f"Content-Type: {form_type()['Content-Type']}\r\n\r\n"
    writer.write(head.encode() + body[: 4 * MIB])
    await writer.drain()
    assert await asyncio.to_thread(world.intake.began.wait, 10)
    writer.transport.abort()
    assert await asyncio.to_thread(world.intake.cancelled.wait, 10)
    assert not world.intake.uploads
    assert not world.intake.envelopes


async def test_the_qr_code_comes_by_form_and_holds_the_digits(world: World) -> None:
    receipt = Receipt(bytes(range(15)))
    answer = await world.post("/nl/twaalf-woorden", [("receipt", " ".join(receipt.words()), None)])
    assert answer.status == 200
    assert 'src="data:image/png;base64,' in answer.html
    assert receipt.digits() in answer.page.text
    assert (await world.get("/nl/twaalf-woorden")).status == 405
    assert (await world.post("/nl/twaalf-woorden", [("receipt", "abandon", None)])).status == 400
