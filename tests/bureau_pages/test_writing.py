"""Notes: what the preview shows is what the reporter's client then reads, once, and not before it is confirmed."""

import asyncio
import html
from collections.abc import Callable, Coroutine

import pytest

from dropbox.bureau.errors import BoardFullError
from dropbox.bureau.pages.once import Once
from dropbox.protocol.reply import CaseStatus, Notice, Question, Reply, Status, records_needed
from tests.bureau_pages.browser import Room

TEXT = (
    "Dank u voor uw melding. <b>Geen</b> vet & geen «markup».\n\n"
    "  Twee regels verder: één vraag?\n\u0645\u0631\u062d\u0628\u0627"
)


async def publish(room: Room) -> None:
    """Let the next board go out."""
    room.office.clock.forward(seconds=3600)
    await room.opened.round()


@pytest.mark.parametrize(("kind", "note"), [("reply", Reply), ("notice", Notice)])
async def test_preview_is_what_the_reporter_then_reads(signed_in: Room, kind: str, note: type) -> None:
    reporter, case = await signed_in.report("Something.", language="nl")
    await signed_in.browser.get(f"{case}/schrijven/{kind}")
    preview = await signed_in.browser.submit(
        f"{case}/schrijven/{kind}", text=TEXT.replace("\n", "\r\n"), step="preview"
    )
    assert preview.status == 200
    assert TEXT in preview.page.text
    assert "Neemt 1 van hoogstens 8" in preview.page.text
    assert len(await reporter.notes()) == 1
    done = await signed_in.browser.submit(f"{case}/schrijven/{kind}", step="send")
    assert done.path == f"{case}?done=sent"
    assert "gaat mee met het volgende bord" in done.page.text
    await publish(signed_in)
    assert (await reporter.notes())[-1] == note(TEXT)
    assert "gepubliceerd op" in (await signed_in.browser.get(case)).page.text


async def test_preview_says_how_many_records_and_how_much_room(signed_in: Room) -> None:
    reporter, case = await signed_in.report("Something.")
    text = "Een zin. " * 400
    await signed_in.browser.get(case)
    preview = await signed_in.browser.send(f"{case}/schrijven/reply", {"text": text, "step": "preview"})
    records = records_needed(Reply(text.strip()))
    assert f"Neemt {records} van hoogstens 8" in preview.page.text
    await signed_in.browser.submit(f"{case}/schrijven/reply", step="send")
    await publish(signed_in)
    assert (await reporter.notes())[-1] == Reply(text.strip())


async def test_too_long_a_text_comes_back_whole_with_how_much_is_too_much(signed_in: Room) -> None:
    _, case = await signed_in.report("Something.")
    text = "ü" * 5000
    await signed_in.browser.get(f"{case}/schrijven/reply")
    answer = await signed_in.browser.submit(f"{case}/schrijven/reply", text=text, step="preview")
    assert answer.status == 422
    assert answer.page.fields["text"] == text
    assert "bytes te lang" in answer.page.text
    assert 'href="#text"' in answer.html


async def test_empty_notes_are_asked_for_their_words(signed_in: Room) -> None:
    _, case = await signed_in.report("Something.")
    for kind, field in (("reply", "text"), ("notice", "text"), ("status", "status"), ("question", "choice-1")):
        await signed_in.browser.get(f"{case}/schrijven/{kind}")
        answer = await signed_in.browser.send(f"{case}/schrijven/{kind}", {"text": " \n ", "step": "preview"})
        assert answer.status == 422
        assert f'href="#{field}"' in answer.html
        assert len((await signed_in.opened.only_case()).entries) <= 2


async def test_change_gives_the_words_back(signed_in: Room) -> None:
    _, case = await signed_in.report("Something.")
    where = f"{case}/schrijven/question"
    await signed_in.browser.get(where)
    typed = {"text": "Bent u veilig?", "choice-1": "Ja", "choice-2": "Nee", "choice-3": "<b>", "step": "preview"}
    await signed_in.browser.submit(where, **typed)
    answer = await signed_in.browser.submit(where, step="change")
    assert answer.status == 200
    for name in ("text", "choice-1", "choice-2"):
        assert answer.page.fields[name] == typed[name]
    assert html.unescape(answer.page.fields["choice-3"]) == "<b>"


async def test_status_reaches_the_reporter_in_the_words_of_their_pages(signed_in: Room) -> None:
    reporter, case = await signed_in.report("Something.", language="en")
    where = f"{case}/schrijven/status"
    await signed_in.browser.get(where)
    preview = await signed_in.browser.submit(where, status="assessing", text="", step="preview")
    assert "The bureau is looking into what you reported" in preview.page.text
    assert 'lang="en"' in preview.html
    await signed_in.browser.submit(where, step="send")
    await publish(signed_in)
    assert (await reporter.notes())[-1] == Status(CaseStatus.ASSESSING, "")
    assert "In beoordeling" in (await signed_in.browser.get("/nl/")).page.text


async def test_question_with_fixed_answers_comes_back_with_the_choice(signed_in: Room) -> None:
    reporter, case = await signed_in.report("Something.")
    where = f"{case}/schrijven/question"
    await signed_in.browser.get(where)
    choices = {"choice-1": "Ja, dat mag", "choice-2": "Nee", "choice-4": "Nee", "choice-6": "Eerst praten"}
    preview = await signed_in.browser.submit(where, text="Mag dit?", step="preview", **choices)
    assert "Eerst praten" in preview.page.text
    await signed_in.browser.submit(where, step="send")
    await publish(signed_in)
    question = (await reporter.notes())[-1]
    assert isinstance(question, Question)
    assert (question.text, question.answers) == ("Mag dit?", ("Ja, dat mag", "Nee", "Eerst praten"))
    await reporter.send("", known=True, answers=((question.identity, "Ja, dat mag"),))
    await signed_in.opened.round()
    answer = await signed_in.browser.get(case)
    assert answer.page.text.count("Ja, dat mag") == 2


async def test_answers_that_are_too_long_or_alike_are_refused(signed_in: Room) -> None:
    _, case = await signed_in.report("Something.")
    where = f"{case}/schrijven/question"
    await signed_in.browser.get(where)
    alike = {"text": "Mag dit?", "choice-1": "Ja", "choice-2": " Ja "}
    assert (await signed_in.browser.submit(where, step="preview", **alike)).status == 422
    long = {"text": "Mag dit?", "choice-1": "Ja", "choice-2": "n" * 201}
    answer = await signed_in.browser.submit(where, step="preview", **long)
    assert answer.status == 422
    assert 'href="#choice-2"' in answer.html


async def test_same_form_sent_twice_is_published_once(signed_in: Room) -> None:
    reporter, case = await signed_in.report("Something.")
    where = f"{case}/schrijven/reply"
    await signed_in.browser.get(where)
    await signed_in.browser.submit(where, text="Once only.", step="preview")
    fields = dict(signed_in.browser.last.fields)
    for _ in range(2):
        answer = await signed_in.browser.send_bare(where, {**fields, "step": "send"})
        assert answer.path == f"{case}?done=sent"
    await publish(signed_in)
    assert (await reporter.notes()).count(Reply("Once only.")) == 1


async def test_second_click_is_told_that_the_first_failed(signed_in: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    _, case = await signed_in.report("Something.")
    where = f"{case}/schrijven/reply"
    await signed_in.browser.get(where)
    await signed_in.browser.submit(where, text="Kept.", step="preview")
    fields = {**signed_in.browser.last.fields, "step": "send"}
    both, begun, do = asyncio.Event(), [], Once.do

    async def fail(*_arguments: object) -> None:
        await both.wait()
        raise BoardFullError

    async def counted(forms: Once, name: str, work: Callable[[], Coroutine[object, object, object]]) -> None:
        begun.append(name)
        if len(begun) > 1:
            both.set()
        await do(forms, name, work)

    monkeypatch.setattr(signed_in.opened.desk, "send", fail)
    monkeypatch.setattr(Once, "do", counted)
    clicks = [asyncio.create_task(signed_in.browser.send_bare(where, fields)) for _ in range(2)]
    for answer in await asyncio.gather(*clicks):
        assert answer.status == 409
        assert "Kept." in answer.html


async def test_nothing_is_sent_without_the_mark_of_a_preview(signed_in: Room) -> None:
    reporter, case = await signed_in.report("Something.")
    where = f"{case}/schrijven/reply"
    await signed_in.browser.get(where)
    answer = await signed_in.browser.submit(where, text="Straight out.", step="send")
    assert "done=sent" not in answer.path
    await publish(signed_in)
    assert Reply("Straight out.") not in await reporter.notes()


async def test_text_comes_back_when_the_session_ended_meanwhile(signed_in: Room) -> None:
    _, case = await signed_in.report("Something.")
    where = f"{case}/schrijven/reply"
    await signed_in.browser.get(where)
    signed_in.seconds.now += 3600
    answer = await signed_in.browser.submit(where, text="A careful answer.", step="preview")
    assert answer.status == 403
    assert answer.page.fields["typed-1"] == "A careful answer."
