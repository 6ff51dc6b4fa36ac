"""The list of reports: order, counts, flags, what could not be opened, how the line to the host stands."""

import os

from dropbox.protocol import sizes
from dropbox.protocol.card import Outcome
from dropbox.reporter import exchange
from tests.bureau.office import Office
from tests.bureau.test_cards import answer as outcomes
from tests.bureau_pages.browser import Room, pages
from tests.simulators.intake_client import ReporterClient
from tests.simulators.intake_instance import envelope as noise

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


async def test_empty_desk_says_so_and_shows_the_line_to_the_host(signed_in: Room) -> None:
    answer = await signed_in.browser.get("/nl/")
    assert "Geen open zaken" in answer.page.text
    assert "Laatst opgehaald" in answer.page.text
    assert "UTC" in answer.page.text
    english = await signed_in.browser.get("/en/")
    assert english.page.language == "en"
    assert "No open cases" in english.page.text


async def test_reports_stand_in_the_order_of_their_deadlines_with_days(signed_in: Room) -> None:
    _, first = await signed_in.report("The older one.", category="fraud")
    signed_in.office.clock.forward(days=4)
    _, second = await signed_in.report("The newer one.", category="power")
    answer = await signed_in.browser.get("/nl/")
    places = [answer.html.index(f'href="{case}"') for case in (first, second)]
    assert len(places) == 2
    rows = await signed_in.opened.desk.cases()
    order = [answer.html.index(f"/nl/zaken/{row.identity}") for row in rows]
    assert order == sorted(order)
    assert "2 open zaken, 2 ongelezen berichten" in answer.page.text
    assert "4 dagen geleden" in answer.page.text
    assert "Fraude of diefstal" in answer.page.text


async def test_reading_a_case_takes_its_mark_away(signed_in: Room) -> None:
    _, case = await signed_in.report("Read me.")
    assert "1 nieuw" in (await signed_in.browser.get("/nl/")).page.text
    await signed_in.browser.get(case)
    assert "1 nieuw" not in (await signed_in.browser.get("/nl/")).page.text


async def test_markup_in_a_category_is_shown_as_text(signed_in: Room) -> None:
    await signed_in.report("x", category=HOSTILE)
    answer = await signed_in.browser.get("/nl/")
    assert HOSTILE in answer.page.text
    assert HOSTILE not in answer.html


async def test_report_with_a_stolen_name_is_flagged_and_stands_apart(signed_in: Room) -> None:
    reporter, _ = await signed_in.report("The real one.")
    signed_in.office.clock.forward(days=1)
    stranger = signed_in.office.reporter()
    await stranger.send("A later message out of nowhere.", known=True, message_id=os.urandom(16))
    await signed_in.opened.round()
    answer = await signed_in.browser.get("/nl/")
    assert "Vervolg op een melding die hier niet is" in answer.page.text
    assert "2 open zaken" in answer.page.text
    flagged = next(row for row in await signed_in.opened.desk.cases() if row.flag)
    case = await signed_in.browser.get(f"/nl/zaken/{flagged.identity}")
    assert "kunt u niet antwoorden" in case.page.text
    assert case.page.text.count("loopt niet") == 2
    assert "text" not in case.page.fields
    assert await reporter.notes() != []


async def test_envelope_that_does_not_open_is_shown_with_its_reason_beside_the_others(signed_in: Room) -> None:
    office = signed_in.office
    await signed_in.report("A good one.")
    async with office.transport() as transport:
        bulletin = await exchange.fetch_bulletin(transport, office.root.public, office.clock())
    async with ReporterClient(office.folder / "run" / "reporters.sock") as client:
        await client.upload(noise(sizes.ENVELOPE_LADDER[1], bulletin.day, bulletin.revision))
    await signed_in.report("Another good one.")
    answer = await signed_in.browser.get("/nl/")
    assert "1 envelop kon niet worden geopend" in answer.page.text
    assert "onderweg veranderd of beschadigd" in answer.page.text
    assert "De andere hebben er geen last van" in answer.page.text
    assert "262,1\u00a0kB" in answer.page.text
    assert "2 open zaken" in answer.page.text


async def test_host_that_cannot_be_reached_is_said_with_what_to_do(office: Office) -> None:
    async with office.desk() as opened, pages(office, opened) as alone:
        await opened.sync.fetch_round()
        answer = await alone.browser.sign_in()
        assert "De ontvangstserver is niet bereikbaar" in answer.page.text
        assert "Kijk of Tor en het netwerk" in answer.page.text
        assert "Het laatste bord is nog niet teruggelezen" in answer.page.text
        assert "nog niet bekend" in answer.page.text


async def test_closed_cases_stand_apart(signed_in: Room) -> None:
    _, case = await signed_in.report("Soon closed.")
    await signed_in.browser.get(case)
    await signed_in.browser.get(f"{case}/schrijven/status")
    where, why = f"{case}/schrijven/status", "Nothing was found."
    answer = await signed_in.browser.submit(where, status="closed", text=" ", step="preview")
    assert answer.status == 422
    assert "Zeg waarom de zaak wordt afgesloten" in answer.page.text
    await signed_in.browser.submit(where, status="closed", text=why, step="preview")
    await signed_in.browser.submit(where, step="send")
    answer = await signed_in.browser.get("/nl/")
    assert "1 afgesloten zaak" not in answer.page.text, "its reasons are not on the board yet"
    await signed_in.opened.round()
    answer = await signed_in.browser.get("/nl/")
    assert "1 afgesloten zaak" in answer.page.text
    assert "Geen open zaken" in answer.page.text


async def test_answer_that_is_shown_at_no_card_is_listed_with_its_reason(signed_in: Room) -> None:
    await outcomes(signed_in.office, signed_in.opened, Outcome(bytes(8), 1, "received", "", ""), noise=1)
    await signed_in.opened.round()
    answer = await signed_in.browser.get("/nl/")
    assert "2 antwoorden van het ministerie staan bij geen kaart" in answer.page.text
    assert "Het antwoordt op een kaart die hier niet is" in answer.page.text
    assert "verzegeld met een andere sleutel" in answer.page.text
