"""The desk's pages through the real application: guessing at a password, two clicks, closing without reasons."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from dropbox.bureau.app import create_app
from dropbox.bureau.pages import words
from dropbox.bureau.pages.paths import Page, path
from dropbox.protocol.card import Outcome
from dropbox.web.attempts import ATTEMPTS
from dropbox.web.languages import ENGLISH
from tests.bureau.office import PASSWORD, USER, Office, Open
from tests.bureau.test_cards import answer
from tests.web.catalogue_check import assert_complete
from tests.web.inspection import Page as Found
from tests.web.inspection import assert_clean


@dataclass
class Site:
    """A desk with one report, its pages and one browser that is signed in."""

    office: Office
    opened: Open
    browser: TestClient[web.Request, web.Application]

    async def page(self, address: str, **form: str) -> tuple[int, str, Found]:
        """A page, checked; with fields: the answer to a form."""
        method = "POST" if form else "GET"
        async with self.browser.request(method, address, data=form or None) as response:
            html = await response.text()
            return response.status, html, assert_clean(html)


@pytest.fixture
async def site(sqlite_office: Office) -> AsyncIterator[Site]:
    async with sqlite_office.open() as opened:
        await sqlite_office.reporter().send("One.")
        app = create_app(opened.desk, sqlite_office.settings(), clock=lambda: 0.0, random=os.urandom)
        async with TestClient(TestServer(app)) as browser:
            found = Site(sqlite_office, opened, browser)
            await found.page(path(Page.SIGN_IN, ENGLISH), user=USER, password=PASSWORD)
            await opened.round()
            yield found


def test_every_text_has_its_translation() -> None:
    assert_complete("dropbox.bureau")


async def test_guessing_at_the_old_password_side_by_side_stops_in_time(site: Site) -> None:
    address = path(Page.ACCOUNT, ENGLISH)
    _, _, page = await site.page(address)
    form = {"csrf": page.fields["csrf"], "old": "guess", "new": "another long one", "again": "another long one"}
    found = await asyncio.gather(*(site.page(address, **form) for _ in range(ATTEMPTS + 4)))
    assert sum(words.TOO_MANY_TRIES_HERE in page.text for _, _, page in found) == 4


async def test_two_clicks_on_send_publish_one_note(site: Site) -> None:
    name = (await site.opened.only_case()).row.identity
    address = path(Page.WRITE, ENGLISH, case=name, kind="reply")
    _, _, page = await site.page(address)
    _, _, preview = await site.page(address, csrf=page.fields["csrf"], text="Thank you.", step="preview")
    form = {"csrf": page.fields["csrf"], "text": "Thank you.", "step": "send", "once": preview.fields["once"]}
    found = await asyncio.gather(site.page(address, **form), site.page(address, **form))
    assert [status for status, _, _ in found] == [200, 200]
    assert sum(entry.text == "Thank you." for entry in (await site.opened.only_case()).entries) == 1


async def test_closing_without_reasons_is_refused_in_words(site: Site) -> None:
    name = (await site.opened.only_case()).row.identity
    address = path(Page.WRITE, ENGLISH, case=name, kind="status")
    _, _, page = await site.page(address)
    form = {"csrf": page.fields["csrf"], "status": "closed", "text": " ", "step": "preview"}
    status, _, found = await site.page(address, **form)
    assert (status, words.CLOSING_REASONS in found.text) == (422, True)


async def test_answer_that_is_shown_at_no_card_is_listed_with_its_reason(site: Site) -> None:
    await answer(site.office, site.opened, Outcome(bytes(8), 1, "received", "", ""), noise=1)
    await site.opened.round()
    _, _, page = await site.page(path(Page.INBOX, ENGLISH))
    assert words.OUTCOME_REASONS["unknown-card"] in page.text
    assert words.OUTCOME_REASONS["does-not-open"] in page.text
