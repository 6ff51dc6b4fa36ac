"""One case on one screen: hostile content, files that leave as downloads only, clocks, discarding."""

import hashlib

from dropbox.protocol.reply import Acknowledgement
from tests.bureau_pages.browser import Room

HOSTILE = "<script>alert(1)</script> \"' <img src=x onerror=alert(2)> {{ 7*7 }}"


async def test_case_shows_text_facts_files_and_clocks(signed_in: Room) -> None:
    _, case = await signed_in.report(
        "First line.\nSecond line.",
        files=[("rooster.pdf", b"x" * 4200)],
        category="treatment",
        ongoing="yes",
        keep_from="The head of the department",
        language="nl",
    )
    answer = await signed_in.browser.get(case)
    for words in ("First line.\nSecond line.", "rooster.pdf", "4,2\u00a0kB", "Pesten", "Mag niet terechtkomen bij"):
        assert words in answer.page.text
    assert "The head of the department" in answer.page.text
    assert answer.html.index("The head of the department") < answer.html.index("First line.")
    assert "Ontvangst bevestigen (7 dagen)" in answer.page.text
    assert "Terugkoppelen (3 maanden)" in answer.page.text
    assert "gezien" not in answer.page.text
    assert 'class="timeline"' in answer.html
    english = await signed_in.browser.get(case.replace("/nl/zaken", "/en/cases"))
    assert "Must not reach" in english.page.text
    assert "seen" not in english.page.text


async def test_markup_in_every_field_of_a_report_is_shown_as_text(signed_in: Room) -> None:
    _, case = await signed_in.report(
        HOSTILE, files=[(f"{HOSTILE}.txt", b"x")], category="<b onload=x>", keep_from=HOSTILE, language="<i>"
    )
    answer = await signed_in.browser.get(case)
    assert answer.page.text.count(HOSTILE) == 2
    assert "<b onload=x>" in answer.page.text
    for tag in ("<script", "<img", "<b onload", "<i>"):
        assert tag not in answer.html
    for page in ("weggooien", "kaart", "schrijven/reply"):
        assert "<script" not in (await signed_in.browser.get(f"{case}/{page}")).html


async def test_files_leave_as_downloads_under_a_sandbox(signed_in: Room) -> None:
    names = ("rooster.pdf", "évidence „x”.html", "<script>.svg", 'a"b\\c.txt', "x" * 300 + ".exe", "empty")
    sent = [bytes(range(256)) * 9000 + name.encode() if name != "empty" else b"" for name in names]
    _, case = await signed_in.report("With files.", files=list(zip(names, sent, strict=True)))
    await signed_in.browser.get(case)
    files = (await signed_in.opened.only_case()).entries[0].files
    for file, data in zip(files, sent, strict=True):
        answer = await signed_in.browser.send(f"{case}/bestanden/{file.identity}")
        assert answer.status == 200
        assert hashlib.sha256(answer.body).digest() == hashlib.sha256(data).digest()
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
        assert answer.headers["Content-Security-Policy"].endswith("; sandbox")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_files_are_no_links_and_not_those_of_another_case(signed_in: Room) -> None:
    _, one = await signed_in.report("One.", files=[("one.txt", b"one")])
    _, other = await signed_in.report("Other.")
    page = await signed_in.browser.get(one)
    case = await signed_in.opened.desk.case(one.rpartition("/")[2])
    file = case.entries[0].files[0].identity
    assert not any("bestanden" in link for link in page.page.links)
    assert (await signed_in.browser.get(f"{one}/bestanden/{file}")).status == 405
    await signed_in.browser.get(other)
    assert (await signed_in.browser.send(f"{other}/bestanden/{file}")).status == 404


async def test_opening_a_case_keeps_its_acknowledgement_on_the_board(signed_in: Room) -> None:
    reporter, case = await signed_in.report("Read in time.")
    await signed_in.browser.get(case)
    assert (await signed_in.opened.only_case()).row.unread == 0
    signed_in.office.clock.forward(days=20)
    await signed_in.opened.round()
    signed_in.office.clock.forward(days=20)
    await signed_in.opened.round()
    assert any(isinstance(note, Acknowledgement) for note in await reporter.notes())


async def test_days_go_by_and_the_clocks_say_so(signed_in: Room) -> None:
    _, case = await signed_in.report("Slow.")
    signed_in.office.clock.forward(days=91)
    answer = await signed_in.browser.get(case)
    assert "Terugkoppelen" in answer.page.text
    due = (await signed_in.opened.only_case()).row.deadlines
    left = due.feedback_due - signed_in.opened.desk.today()
    said = f"nog {left} dag" if left > 0 else ("vandaag" if left == 0 else f"{-left} dag")
    assert said in answer.page.text


async def test_discarding_asks_first_and_says_what_is_destroyed(signed_in: Room) -> None:
    reporter, case = await signed_in.report("Buy cheap watches.", files=[("watch.jpg", b"x"), ("list.txt", b"y")])
    answer = await signed_in.browser.get(f"{case}/weggooien")
    assert "1 bericht en 2 bestanden" in answer.page.text
    refused = await signed_in.browser.send(f"{case}/weggooien")
    assert refused.status == 422
    assert "Kruis het vakje aan" in refused.page.text
    assert len(await signed_in.opened.desk.cases()) == 1
    done = await signed_in.browser.send(f"{case}/weggooien", {"sure": "yes"})
    assert done.path == "/nl/?done=discarded"
    assert "De zaak is vernietigd" in done.page.text
    assert await signed_in.opened.desk.cases() == ()
    assert (await signed_in.browser.get(case)).status == 404
    signed_in.office.clock.forward(days=1)
    await signed_in.opened.round()
    assert (await reporter.read()).empty


async def test_words_in_the_address_are_not_echoed(signed_in: Room) -> None:
    answer = await signed_in.browser.get("/nl/?done=<script>")
    assert answer.status == 200
    assert 'role="status"' not in answer.html


async def test_own_password_is_changed_only_with_the_old_one(signed_in: Room) -> None:
    page, new = "/nl/wachtwoord", "quite another phrase"
    old = "four words of mine"
    await signed_in.browser.get(page)
    wrong = {
        "old": {"old": "not the old one at all", "new": new, "again": new},
        "again": {"old": old, "new": new, "again": new + "!"},
        "new": {"old": old, "new": "short", "again": "short"},
    }
    for field, fields in wrong.items():
        answer = await signed_in.browser.send(page, fields)
        assert answer.status == 422
        assert f'href="#{field}"' in answer.html
        assert new not in answer.html
    assert (await signed_in.browser.send(page, {"old": old, "new": old, "again": old})).status == 422
    done = await signed_in.browser.send(page, {"old": old, "new": new, "again": new})
    assert "is gewijzigd" in done.page.text
    async with signed_in.another_browser() as later:
        assert (await later.sign_in(password=old)).status == 403
        assert (await later.sign_in(password=new)).path == "/nl/"
