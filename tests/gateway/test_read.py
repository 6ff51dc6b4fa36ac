import asyncio
import dataclasses
import os
import re
from collections.abc import Callable

import pytest

from dropbox.gateway.read_pages import ANSWERS_SIZE
from dropbox.protocol.bulletin import Recipient
from dropbox.protocol.receipt import Receipt, parse_receipt
from dropbox.protocol.reply import Acknowledgement, CaseStatus, Notice, Question, Reply, Status
from dropbox.protocol.secret_keys import XWingSecretKey
from dropbox.protocol.sizes import DAY
from dropbox.reporter.transport import Response
from tests.gateway.bureau import NOW, PERIOD, Bureau
from tests.gateway.conftest import Answer, Part, World, encode_form, form_type, parts_of

QUESTION = Question(bytes(range(8)), "Mogen wij dit doorsturen?", ("Ja", "Nee, liever niet"))


async def report(world: World, text: str = "x") -> str:
    """Send a report; return its words."""
    fields = await world.report_form("/nl/melden") | {"text": text}
    assert (await world.post("/nl/melden", parts_of(fields))).status == 200
    return fields["receipt"]


async def read(world: World, words: str) -> Answer:
    return await world.post("/nl/antwoord", [("receipt", words, None)])


async def test_the_whole_dialogue_there_and_back(world: World) -> None:
    words = await report(world)
    first = world.bureau.open(world.intake.envelopes[0])
    thread = first.head.thread_id
    world.bureau.reply(thread, Acknowledgement(1, 0, world.bureau.day), world.bureau.day)
    world.bureau.reply(thread, Status(CaseStatus.ASSESSING, ""))
    world.bureau.reply(thread, Reply("Dank u.\n<b>Wanneer</b> was dit?"))
    world.bureau.reply(thread, Notice("Wij zijn maandag dicht."))
    world.bureau.reply(thread, QUESTION)
    world.intake.issue()

    answer = await read(world, words)
    assert answer.status == 200
    for shown in (
        "Het bureau heeft 1 bericht van u geopend",
        "Het bureau bekijkt wat u meldt",
        "Dank u.\n<b>Wanneer</b> was dit?",
        "Wij zijn maandag dicht.",
        QUESTION.text,
        "Nee, liever niet",
    ):
        assert shown in answer.page.text
    assert answer.page.fields["receipt"] == words
    assert answer.page.fields["known"] == world.bureau.recipient.hex()
    assert len(answer.body) == ANSWERS_SIZE

    fields = answer.page.fields | {"text": "In maart.", "answer-1": f"{QUESTION.identity.hex()} Nee, liever niet"}
    fields.pop("files")
    sent = await world.post("/nl/antwoord/sturen", [*parts_of(fields), ("files", b"z", "b.txt")])
    assert sent.status == 200
    assert "Uw bericht is verzegeld en verstuurd" in sent.page.text
    world.bureau.knows(parse_receipt(words))
    later = world.bureau.open(world.intake.envelopes[1])
    assert not later.head.first
    assert later.authentic
    assert later.head.thread_id == thread
    assert later.message.text == "In maart."
    assert later.message.answers == ((QUESTION.identity, "Nee, liever niet"),)
    assert later.files == [("b.txt", b"z")]


async def test_a_message_in_a_thread_without_an_acknowledgement_brings_its_keys(world: World) -> None:
    words = await report(world)
    answer = await read(world, words)
    assert answer.page.fields["known"] == ""
    fields = {name: value for name, value in answer.page.fields.items() if name != "files"} | {"text": "nog iets"}
    assert (await world.post("/nl/antwoord/sturen", parts_of(fields))).status == 200
    assert world.bureau.open(world.intake.envelopes[1]).head.first


@pytest.mark.parametrize(
    "spell",
    [
        lambda receipt: "  " + "\n".join(receipt.words()).upper(),
        lambda receipt: " ".join(f"{place}) {word}," for place, word in enumerate(receipt.words(), 1)),
        lambda receipt: "-".join(receipt.words()),
        lambda receipt: receipt.digits(),
        lambda receipt: receipt.digits().lower().replace(" ", "-"),
        lambda receipt: " ".join(receipt.words("french")),
    ],
    ids=["capitals-and-lines", "numbered", "hyphens", "digits", "digits-and-hyphens", "another-list"],
)
async def test_words_are_understood_however_they_are_written(world: World, spell: Callable[[Receipt], str]) -> None:
    receipt = Receipt(bytes(range(15)))
    answer = await read(world, spell(receipt))
    assert answer.page.fields["receipt"] == " ".join(receipt.words())


async def test_unknown_words_words_of_elsewhere_and_no_reply_yet_look_the_same(world: World) -> None:
    mine = await read(world, await report(world))
    unknown = await read(world, " ".join(Receipt(bytes(15)).words()))
    strip = re.compile(r'value="[^"]*"|\.{9,}')
    assert strip.sub("", mine.html) == strip.sub("", unknown.html)
    assert "Nog niets voor deze woorden" in mine.page.text
    assert "24 november 2026" in mine.page.text
    assert len(mine.body) == len(unknown.body) == ANSWERS_SIZE


async def test_intake_sees_the_same_requests_for_no_reply_and_for_eight(world: World) -> None:
    words = await report(world)
    thread = world.bureau.open(world.intake.envelopes[0]).head.thread_id
    seen = []
    for replies in (0, 1, 7):
        for number in range(replies):
            world.bureau.reply(thread, Reply(f"bericht {number}"))
        world.intake.issue()
        world.intake.seen.clear()
        assert (await read(world, words)).status == 200
        seen.append([(request.method, request.path, request.body) for request in world.intake.seen])
    assert seen[0] == seen[1] == seen[2]
    assert [path for _, path, _ in seen[0]] == ["/v1/bulletin", "/v1/boards", "/v1/publication"]


async def test_the_answers_are_as_long_for_nobody_as_for_who_has_many(world: World) -> None:
    words = await report(world)
    thread = world.bureau.open(world.intake.envelopes[0]).head.thread_id
    lengths = [len((await read(world, words)).body)]
    for _ in range(6):
        world.bureau.reply(thread, Reply("w" * 7_200))
        world.intake.issue()
        lengths.append(len((await read(world, words)).body))
    assert set(lengths) == {ANSWERS_SIZE}


async def test_intake_sees_the_same_requests_for_a_first_and_a_later_message(world: World) -> None:
    def shapes() -> list[tuple[str, str, int]]:
        return [(seen.method, re.sub(r"[0-9a-f]{32}", "*", seen.path), len(seen.body)) for seen in world.intake.seen]

    fields = await world.report_form("/nl/melden") | {"text": "x"}
    world.intake.seen.clear()
    await world.post("/nl/melden", parts_of(fields))
    first = shapes()
    thread = world.bureau.open(world.intake.envelopes[0]).head.thread_id
    world.bureau.reply(thread, Acknowledgement(1, 0, world.bureau.day))
    world.intake.issue()
    answer = await read(world, fields["receipt"])
    later = {name: value for name, value in answer.page.fields.items() if name != "files"} | {"text": "y"}
    world.intake.seen.clear()
    await world.post("/nl/antwoord/sturen", parts_of(later))
    assert later["known"]
    assert shapes() == first


async def test_a_board_that_is_late_says_what_it_can_mean(world: World) -> None:
    words = await report(world)
    world.intake.static["/v1/boards"] = world.bureau.boards(NOW - 3 * DAY)
    answer = await read(world, words)
    assert "Misschien is het bureau dicht." in answer.page.text
    assert "houdt nieuwere antwoorden tegen" in answer.page.text
    world.intake.static["/v1/boards"] = world.bureau.boards(NOW - PERIOD)
    assert "houdt nieuwere antwoorden tegen" not in (await read(world, words)).page.text


async def test_a_board_that_is_too_old_to_believe_is_not_shown(world: World) -> None:
    words = await report(world)
    world.intake.static["/v1/boards"] = world.bureau.boards(NOW - 50 * DAY)
    answer = await read(world, words)
    assert answer.status == 503
    assert "te oud om te vertrouwen" in answer.page.text
    assert answer.page.fields["receipt"] == words


async def test_a_board_of_someone_else_is_not_shown(world: World) -> None:
    words = await report(world)
    world.intake.static["/v1/boards"] = Bureau().boards()
    answer = await read(world, words)
    assert answer.status == 503
    assert "De antwoorden zijn nu niet op te halen." in answer.page.text


async def test_intake_away_while_reading(world: World) -> None:
    words = await report(world)
    world.intake.away = True
    answer = await read(world, words)
    assert answer.status == 503
    assert answer.page.fields["receipt"] == words


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Typ hier uw twaalf woorden."),
        ("abandon ability", "Hier staan 2 woorden."),
        ("abandon " * 11 + "abilityy", "Woord 12 bestaat niet in onze woordenlijst. Bedoelt u: ability"),
        ("abandon " * 11 + "qqqqqqqq", "Woord 12 bestaat niet in onze woordenlijst. Kijk hoe"),
        ("zoo " * 11 + "abandon", "Elk woord bestaat, maar deze twaalf horen niet bij elkaar."),
        ("A" * 27, "Deze letters en cijfers kloppen niet."),
        ("<b>" + "x" * 5000, "Hier staan 2 woorden."),
    ],
)
async def test_mistyped_words_are_explained_and_stay_in_the_field(world: World, typed: str, words: str) -> None:
    answer = await read(world, typed)
    assert answer.status == 422
    assert words in answer.page.text
    assert answer.page.fields["receipt"] == typed[:4096]


async def test_a_refused_answer_comes_back_with_its_text_and_its_choice(world: World) -> None:
    receipt = " ".join(Receipt(bytes(range(15))).words())
    chosen = f"{QUESTION.identity.hex()} Ja"
    parts: list[Part] = [
        ("receipt", receipt, None), ("message", "ab" * 16, None), ("known", "cd" * 16, None),
        ("answer-1", chosen, None), ("text", "x" * 9000, None),
    ]  # fmt: skip
    answer = await world.post("/nl/antwoord/sturen", parts)
    assert answer.status == 422
    assert "bytes te lang" in answer.page.text
    expected = {"receipt": receipt, "message": "ab" * 16, "known": "cd" * 16, "answer-1": chosen, "text": "x" * 9000}
    assert {name: answer.page.fields[name] for name in expected} == expected


async def test_an_empty_answer_is_refused(world: World) -> None:
    receipt = " ".join(Receipt(bytes(range(15))).words())
    answer = await world.post("/nl/antwoord/sturen", [("receipt", receipt, None), ("message", "ab" * 16, None)])
    assert answer.status == 422
    assert "Alles was nog leeg." in answer.page.text


@pytest.mark.parametrize(
    "body",
    [
        encode_form([("receipt", "abandon", None), ("text", "x", None)]),
        encode_form([("text", "x", None)]),
        encode_form([("receipt", "abandon", None), ("text", "x", None)])[:-40],
        b"garbage\r\n",
        b"",
    ],
    ids=["damaged", "missing", "damaged-and-cut", "unreadable", "nothing"],
)
async def test_an_answer_whose_words_did_not_come_in_is_not_given_back_under_others(world: World, body: bytes) -> None:
    answer = await world.post_raw("/nl/antwoord/sturen", body, form_type())
    assert answer.status == 400
    assert "receipt" not in answer.page.fields
    assert not world.intake.envelopes


async def test_an_answer_that_stalls_before_its_words_is_not_given_back_under_others(world: World) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    head = "POST /nl/antwoord/sturen HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Type: {form_type()['Content-Type']}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert b" 400 " in answer.splitlines()[0]
    assert b'name="receipt"' not in answer


async def test_a_cut_answer_whose_words_came_in_is_given_back_under_them(world: World) -> None:
    words = " ".join(Receipt(bytes(range(15))).words())
    body = encode_form([("receipt", words, None), ("message", "ab" * 16, None), ("text", "wat ik zag", None)])
    answer = await world.post_raw("/nl/antwoord/sturen", body[: body.index(b"zag")], form_type())
    assert answer.status == 400
    assert answer.page.fields["receipt"] == words
    assert answer.page.fields["text"] == "wat ik"


async def test_a_recipient_added_between_reading_and_answering_gets_the_keys(world: World) -> None:
    words = await report(world)
    world.bureau.reply(world.bureau.open(world.intake.envelopes[0]).head.thread_id, Reply("x"))
    world.intake.issue()
    fields = {name: value for name, value in (await read(world, words)).page.fields.items() if name != "files"}
    added = Recipient(os.urandom(16), XWingSecretKey.generate(os.urandom).public)
    recipients = (*world.bureau.bulletin.recipients, added)
    world.bureau.bulletin = dataclasses.replace(world.bureau.bulletin, recipients=recipients)
    world.intake.static["/v1/bulletin"] = world.bureau.signed_bulletin()
    assert (await world.post("/nl/antwoord/sturen", parts_of(fields | {"text": "y"}))).status == 200
    assert world.bureau.open(world.intake.envelopes[1]).head.first


@pytest.mark.parametrize("known", ["yes", "CD" * 16, "cd" * 15 + " cd", "cd" * 16 + " x", "cd" * 17])
async def test_a_damaged_list_of_those_who_have_the_keys_sends_them_again(world: World, known: str) -> None:
    words = await report(world)
    known = known.replace("cd" * 16, world.bureau.recipient.hex())
    fields = {"receipt": words, "message": "ab" * 16, "known": known, "text": "y"}
    assert (await world.post("/nl/antwoord/sturen", parts_of(fields))).status == 200
    assert world.bureau.open(world.intake.envelopes[1]).head.first


@pytest.mark.parametrize(
    ("answer", "arrives"),
    [
        ("0001020304050607 " + "é" * 100, True),
        ("0001020304050607 " + "é" * 101, False),
        ("000102030405060A Ja", False),
        ("00 1020304050607 Ja", False),
    ],
)
async def test_an_answer_that_our_page_cannot_have_sent_is_left_out(world: World, answer: str, arrives: bool) -> None:  # noqa: FBT001
    words = " ".join(Receipt(bytes(range(15))).words())
    fields = {"receipt": words, "message": "ab" * 16, "text": "x", "answer-1": answer}
    sent = await world.post("/nl/antwoord/sturen", parts_of(fields))
    assert sent.status == 200
    assert bool(world.bureau.open(world.intake.envelopes[0]).message.answers) == arrives
    assert ("De antwoorden die u koos, zijn heel aangekomen." in sent.page.text) == arrives


@pytest.mark.parametrize("answer", [Response(500, b"oops"), Response(507, b'{"error": "full"}')])
async def test_a_publication_that_fails_hides_no_answers(world: World, answer: Response) -> None:
    words = await report(world)
    world.intake.instead["/v1/publication"] = answer
    assert (await read(world, words)).status == 200
