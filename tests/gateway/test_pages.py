import asyncio
import dataclasses
import re

import pytest

from dropbox.gateway import publications
from dropbox.gateway.paths import Page, path
from dropbox.protocol.bulletin import FALLBACK, sign_bulletin
from dropbox.protocol.keys import Role
from dropbox.protocol.publication import NoticeText
from dropbox.protocol.sizes import DAY
from dropbox.web.languages import LANGUAGES, Language
from tests.gateway.bureau import Bureau
from tests.gateway.conftest import World, parts_of

SHOWN = (Page.START, Page.HOW, Page.REPORT, Page.READ)
FIRST_VISIT_BYTES = 14 * 1024


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", SHOWN)
async def test_every_page_is_clean_and_in_its_language(world: World, page: Page, language: Language) -> None:
    answer = await world.get(path(page, language))
    assert answer.status == 200
    assert answer.page.language == language.code
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


async def test_who_names_no_language_gets_the_first_whatever_the_browser_prefers(world: World) -> None:
    async with world.client.get(world.base + "/", headers={"Accept-Language": "en"}, allow_redirects=False) as answer:
        assert answer.status == 200
        assert '<html lang="nl"' in await answer.text()
    english = await world.get("/en")
    assert english.page.language == "en"


async def raw_get(port: int, target: str) -> bytes:
    """One request as Tor Browser makes it, and every byte of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/5.0\r\nAccept: text/html\r\n"
        "Accept-Encoding: gzip, deflate, br\r\nConnection: close\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_first_visit_is_two_requests_and_fits_in_the_first_flight(world: World, language: Language) -> None:
    start = await world.get(f"/{language.code}/")
    wanted = [line for line in start.html.splitlines() if "<link" in line or "<img" in line]
    assert len(wanted) == 2  # the style sheet, and an empty icon that is not fetched
    assert 'href="data:,"' in wanted[0]
    style = wanted[1].partition('href="')[2].partition('"')[0]
    total = len(await raw_get(world.port, f"/{language.code}/")) + len(await raw_get(world.port, style))
    assert total <= FIRST_VISIT_BYTES


async def test_the_first_page_says_when_the_mailboxes_were_read_and_shows_notices(world: World) -> None:
    notices = (NoticeText("nl", "Dicht op <1> mei."), NoticeText("en", "Closed on 1 May."))
    world.intake.static["/v1/publication"] = world.bureau.publication(notices=notices)
    answer = await world.get("/nl/")
    assert "het laatst gelezen op 23 november 2026" in answer.page.text
    assert "Dicht op <1> mei." in answer.page.text
    assert "Closed" not in answer.page.text


async def test_the_first_page_stands_without_intake(world: World) -> None:
    world.intake.away = True
    answer = await world.get("/nl/")
    assert answer.status == 200
    assert "laatst gelezen" not in answer.page.text


async def test_a_publication_is_verified_once_for_all_who_are_shown_it(world: World) -> None:
    publications.verify_once.cache_clear()
    for page in ("/nl/", "/en/", "/nl/"):
        await world.get(page)
    known = publications.verify_once.cache_info()
    assert (known.misses, known.hits) == (1, 2)


async def test_a_publication_of_someone_else_is_not_shown_also_after_one_of_the_bureau(world: World) -> None:
    assert "laatst gelezen" in (await world.get("/nl/")).page.text
    world.intake.static["/v1/publication"] = Bureau().publication(notices=(NoticeText("nl", "Stuur een mail."),))
    answer = await world.get("/nl/")
    assert "Stuur een mail" not in answer.page.text
    assert "laatst gelezen" not in answer.page.text


async def test_a_publication_that_was_shown_is_shown_no_longer_than_it_is_valid(world: World) -> None:
    world.intake.static["/v1/publication"] = world.bureau.publication(valid_until_day=world.bureau.day)
    assert "laatst gelezen" in (await world.get("/nl/")).page.text
    world.now[0] = (world.bureau.day + 1) * DAY  # the bulletin is good until noon
    assert "laatst gelezen" not in (await world.get("/nl/")).page.text
    assert "cannot be sent just now" not in (await world.get("/en/report")).page.text


async def test_every_form_has_its_own_words(world: World) -> None:
    first, second = await world.report_form(), await world.report_form()
    assert len(first["receipt"].split()) == 12
    assert first["receipt"] != second["receipt"]
    assert first["message"] != second["message"]


async def test_the_form_shows_its_words_before_anything_is_sent(world: World) -> None:
    answer = await world.get("/nl/melden")
    for word in answer.page.fields["receipt"].split():
        assert f"<li>{word}</li>" in answer.html
    assert len(answer.body) == 16 * 1024
    assert "Content-Encoding" not in answer.headers


async def test_the_form_says_beforehand_that_nothing_can_be_sent(world: World) -> None:
    world.intake.away = True
    answer = await world.get("/en/report")
    assert "Reports cannot be sent just now" in answer.page.text


async def test_the_form_says_when_the_key_is_a_weaker_one(world: World) -> None:
    assert "a little less safe" not in (await world.get("/en/report")).page.text
    weaker = dataclasses.replace(world.bureau.bulletin, kind=FALLBACK)
    world.intake.static["/v1/bulletin"] = sign_bulletin(weaker, world.bureau.signing[Role.BULLETIN].sign)
    assert "a little less safe" in (await world.get("/en/report")).page.text


async def test_the_form_trusts_no_bulletin_of_another_root(world: World) -> None:
    world.intake.static["/v1/bulletin"] = Bureau().signed_bulletin()
    assert "Reports cannot be sent just now" in (await world.get("/en/report")).page.text


@pytest.mark.parametrize("target", ["/nl/niets", "/en/nothing", "/xx/", "/static/../../etc/passwd", "/nl//"])
async def test_an_address_that_is_not_ours_gives_a_page_that_quotes_nothing(world: World, target: str) -> None:
    answer = await world.get(target)
    assert answer.status == 404
    assert "passwd" not in answer.html
    assert answer.page.language == ("en" if target.startswith("/en/") else "nl")


async def test_a_form_from_another_site_is_refused(world: World) -> None:
    fields = await world.report_form()
    answer = await world.post("/en/report", [("receipt", fields["receipt"], None)], **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert not world.intake.envelopes


def tags(html: str, name: str) -> list[str]:
    return re.findall(rf"<{name}\b[^>]*>", html)


async def test_words_and_digits_are_not_translated_by_machines(world: World) -> None:
    html = (await world.get("/nl/melden")).html
    (words,) = [tag for tag in tags(html, "ol") if 'id="words"' in tag]
    (digits,) = [tag for tag in tags(html, "p") if "digits" in tag]
    (typed,) = tags((await world.get("/nl/antwoord")).html, "textarea")
    for tag in (words, digits, typed):
        assert 'translate="no"' in tag
        assert "notranslate" in tag


async def test_nothing_that_is_typed_goes_to_a_spelling_service(world: World) -> None:
    pages = [(await world.get(place)).html for place in ("/nl/melden", "/nl/antwoord")]
    areas = [tag for html in pages for tag in tags(html, "textarea")]
    assert len(areas) == 4
    assert not [tag for html in pages for tag in tags(html, "input") if 'type="text"' in tag]
    assert all('spellcheck="false"' in tag for tag in areas)
    for tag in (areas[0], areas[-1]):  # the words: no capital, no correction
        assert 'autocapitalize="none"' in tag
        assert 'autocorrect="off"' in tag


async def test_a_fresh_form_says_that_another_language_means_other_words(world: World) -> None:
    fresh = await world.get("/nl/melden")
    assert "Elke keer dat u deze pagina laadt, en in elke taal, staan er andere woorden." in fresh.page.text
    fields = {name: value for name, value in fresh.page.fields.items() if name != "files"} | {"text": ""}
    again = await world.post("/nl/melden", parts_of(fields))
    assert again.status == 422
    assert "staan er andere woorden" not in again.page.text


async def test_the_limits_of_reading_are_said_where_words_are_typed(world: World) -> None:
    for place in ("/nl/hoe-het-werkt", "/nl/antwoord"):
        text = " ".join((await world.get(place)).page.text.split())
        assert "kan alle antwoorden lezen" in text
        assert "schrijven uit uw naam" in text
