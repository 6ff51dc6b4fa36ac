"""The pages through the real application: who gets in, what a form may do, what becomes of markup in a card."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from dropbox.bureau.pages import card_words
from dropbox.bureau.pages import words as bureau_words
from dropbox.ministry.app import create_app
from dropbox.ministry.pages import words
from dropbox.ministry.states import State
from dropbox.protocol import documents, labels
from dropbox.protocol.card import CARD_FIELDS, OUTCOME_TEXT, Referral
from dropbox.web.attempts import ATTEMPTS
from dropbox.web.catalogues import read_catalogue
from dropbox.web.languages import DUTCH
from tests.ministry.world import PASSWORD, USER, Running, World, referral
from tests.web.inspection import Page, assert_clean

_LINK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"


@dataclass
class Idle:
    """Seconds for sessions, moved by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@dataclass
class Site:
    """An inbox with its pages and one browser."""

    world: World
    running: Running
    idle: Idle
    browser: TestClient[web.Request, web.Application]

    async def page(self, path: str, status: int = 200) -> tuple[str, Page]:
        """A page, checked."""
        async with self.browser.get(path) as answer:
            return await self.read(answer, status)

    async def read(self, answer: ClientResponse, status: int = 200) -> tuple[str, Page]:
        """An answer's page, checked with its headers."""
        html = await answer.text()
        assert answer.status == status, html
        assert answer.headers["Cache-Control"] == "no-store"
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Server" not in answer.headers
        return html, assert_clean(html)

    async def sign_in(self, user: str = USER, password: str = PASSWORD, status: int = 200) -> str:
        """Through the form."""
        async with self.browser.post("/nl/inloggen", data={"user": user, "password": password}) as answer:
            return (await self.read(answer, status))[0]

    async def bring(self, *cards: Referral) -> list[str]:
        """Let up to four cards arrive; gives their addresses."""
        to = self.running.address
        self.world.intake.offer(self.world.bureau.batch(to, *(self.world.bureau.seal(card, to) for card in cards)))
        await self.running.sync.round()
        return [f"/nl/kaarten/{card.reference.hex()}" for card in cards]

    async def send(self, path: str, status: int = 200, **changes: str) -> tuple[str, Page]:
        """Fill in the form of a card and send it."""
        _, page = await self.page(path)
        fields = {name: page.fields[name] for name in ("csrf", "sequence")}
        async with self.browser.post(path, data={**fields, **changes}) as answer:
            return await self.read(answer, status)


@pytest.fixture
async def site(sqlite_world: World) -> AsyncIterator[Site]:
    """Signed out, without cards."""
    async with sqlite_world.start() as running:
        await running.sync.round()
        idle = Idle()
        app = create_app(running.inbox, running.sync, clock=idle, random=os.urandom)
        async with TestClient(TestServer(app)) as browser:
            yield Site(sqlite_world, running, idle, browser)


@pytest.mark.parametrize(
    "path", ["/nl/", "/en/", "/nl/wachtwoord", f"/nl/kaarten/{'0' * 16}", f"/nl/kaarten/{'0' * 16}/bewijs"]
)
async def test_signed_out_people_get_the_sign_in_page_and_nothing_else(site: Site, path: str) -> None:
    await site.running.sign_in()
    await site.bring(referral(summary="not for strangers"))
    html, page = await site.page(path)
    assert "password" in page.fields
    assert "not for strangers" not in html


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("nobody", PASSWORD), ("", ""), (_LINK, _LINK)])
async def test_a_wrong_sign_in_says_the_same_whatever_was_wrong(site: Site, user: str, password: str) -> None:
    html = await site.sign_in(user, password, status=403)
    assert "De naam of het wachtwoord klopt niet" in html
    assert not site.running.inbox.is_open


async def test_guessing_stops_after_a_few_tries_and_starts_again_later(site: Site) -> None:
    for _ in range(ATTEMPTS):
        await site.sign_in(password="guess", status=403)
    assert "Wacht 10 minuten" in await site.sign_in(status=429)
    site.idle.now += 601
    assert "Kaarten van het bureau" in await site.sign_in()


async def test_guessing_at_the_old_password_side_by_side_stops_as_soon(site: Site) -> None:
    await site.sign_in()
    _, page = await site.page("/nl/wachtwoord")
    form = {"csrf": page.fields["csrf"], "old": "guess", "new": "another long one", "again": "another long one"}
    answers = await asyncio.gather(*(site.browser.post("/nl/wachtwoord", data=form) for _ in range(ATTEMPTS + 4)))
    assert sorted(answer.status for answer in answers) == [422] * ATTEMPTS + [429] * 4


async def test_signing_out_locks(site: Site) -> None:
    await site.sign_in()
    _, page = await site.page("/nl/")
    async with site.browser.post("/nl/uitloggen", data={"csrf": page.fields["csrf"]}) as answer:
        html, _ = await site.read(answer)
    assert "U bent uitgelogd" in html
    assert not site.running.inbox.is_open


async def test_fifteen_idle_minutes_lock(site: Site) -> None:
    await site.sign_in()
    (path,) = await site.bring(referral())
    _, page = await site.page(path)
    site.idle.now += 15 * 60
    form = {"csrf": page.fields["csrf"], "sequence": "0", "state": "received", "text": "typed with care"}
    async with site.browser.post(path, data=form) as answer:
        html, found = await site.read(answer, 403)
    assert found.fields["typed-1"] == "typed with care"
    assert "Er is niets verzonden" in html
    assert not site.running.inbox.is_open


async def test_the_card_with_all_that_stands_on_it(site: Site) -> None:
    await site.sign_in()
    card = referral()
    (path,) = await site.bring(card)
    html, page = await site.page(path)
    said = page.text
    for text in (card.summary, card.ask, card.not_do, card.period, card.evidence, "24 december 2024"):
        assert text in said
    for text in ("Wat u niet mag doen", "Fraude of diefstal", "Afrika", "Lokaal personeel", "Niet zeker", "2: ernstig"):
        assert text in said
    assert "Ondertekend met de kaartsleutel van het bureau; gecontroleerd op 4 oktober 2024" in said
    assert said.index("Wat u niet mag doen") < said.index("Wat het bureau vraagt") < said.index("Wat er is gebeurd")
    english, _ = await site.page(path.replace("/nl/kaarten", "/en/cards"))
    assert "What you must not do" in english
    assert 'lang="en"' in english
    assert html != english


async def test_the_whole_way_of_a_card(site: Site) -> None:
    await site.sign_in()
    (path,) = await site.bring(referral())
    html, _ = await site.send(path, state="received")
    assert "Gaat mee met de volgende zending" in html
    await site.send(path, state="investigating", text="Accounts\r\nare looked into.")
    await site.send(path, state="measure", measure="organisational", text="Two people sign now.")
    html, page = await site.send(path, state="closed", text="Done.")
    assert set(page.fields) >= {"state", "text"}
    assert "Wij pakken het weer op" in html
    await site.running.sync.round()
    html, page = await site.page(path)
    assert html.count("Verzonden op 4 oktober 2024") == 4
    batches = site.world.intake.outcomes.values()
    found = [one for batch in batches for one in site.world.bureau.read(batch, site.running.service.outcome_public)]
    assert [(one.state, one.measure, one.text) for one in sorted(found, key=lambda one: one.sequence)] == [
        ("received", "", ""),
        ("investigating", "", "Accounts\nare looked into."),
        ("measure", "organisational", "Two people sign now."),
        ("closed", "", "Done."),
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": "words"}, "state"),
        ({"state": "measure", "measure": "conversation"}, "state"),
        ({"state": "new"}, "state"),
        ({"state": "promoted"}, "state"),
        ({"state": "closed", "text": " "}, "text"),
        ({"state": "received", "text": "é" * OUTCOME_TEXT}, "text"),
        ({"state": "received", "sequence": "7"}, "state"),
    ],
)
async def test_a_refused_answer_comes_back_with_what_was_typed(site: Site, change: dict[str, str], field: str) -> None:
    await site.sign_in()
    (path,) = await site.bring(referral())
    _, page = await site.send(path, 422, **change)
    assert f"#{field}" in page.links
    assert page.fields["text"] == change.get("text", "")
    assert (await site.running.sync.state()).unsent == 0


async def test_a_measure_without_its_kind_comes_back(site: Site) -> None:
    await site.sign_in()
    (path,) = await site.bring(referral())
    await site.send(path, state="received")
    _, page = await site.send(path, 422, state="measure", measure="none", text="We talked.")
    assert "#measure" in page.links


async def test_a_form_sent_twice_answers_once(site: Site) -> None:
    await site.sign_in()
    (path,) = await site.bring(referral())
    _, page = await site.page(path)
    form = {"csrf": page.fields["csrf"], "sequence": "0", "state": "investigating", "text": "once"}
    html = ""
    for status in (200, 422):
        async with site.browser.post(path, data=form) as answer:
            html, _ = await site.read(answer, status)
    assert "intussen beantwoord" in html
    assert (await site.running.sync.state()).unsent == 1


@pytest.mark.parametrize("token", ["", "00" * 32, "é"])
async def test_a_form_without_the_session_s_value_changes_nothing(site: Site, token: str) -> None:
    await site.sign_in()
    (path,) = await site.bring(referral())
    async with site.browser.post(path, data={"csrf": token, "sequence": "0", "state": "received"}) as answer:
        await site.read(answer, 403)
    assert (await site.running.sync.state()).unsent == 0


@pytest.mark.parametrize("path", ["/nl/inloggen", "/nl/uitloggen", "/nl/wachtwoord"])
async def test_a_form_from_another_site_changes_nothing(site: Site, path: str) -> None:
    await site.sign_in()
    _, page = await site.page("/nl/")
    data = {"csrf": page.fields["csrf"], "user": USER, "password": PASSWORD}
    async with site.browser.post(path, data=data, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        await site.read(answer, 403)
    assert site.running.inbox.is_open


@pytest.mark.parametrize("host", ["inbox.example", "evil.example:80", "127.0.0.1.evil.example", ""])
async def test_a_foreign_host_name_is_refused(site: Site, host: str) -> None:
    async with site.browser.get("/nl/inloggen", headers={"Host": host}) as answer:
        assert answer.status == 421


async def test_markup_in_a_card_stays_text(site: Site) -> None:
    await site.sign_in()
    fields = {name: _LINK[:limit] for name, limit in CARD_FIELDS.items()}
    (path,) = await site.bring(referral(**fields))
    for address in (path, "/nl/", "/en/"):
        html, page = await site.page(address)
        assert "<script" not in html
        assert "<img" not in html
        assert "\"'><script>" in page.text


async def test_markup_in_an_answer_stays_text(site: Site) -> None:
    await site.sign_in()
    (path,) = await site.bring(referral())
    html, _ = await site.send(path, state="investigating", text=_LINK)
    assert "<script" not in html
    html, page = await site.send(path, 422, state="", text=f"\n</textarea>{_LINK}")
    assert "<script" not in html
    assert page.fields["text"] == f"\n</textarea>{_LINK}"


async def test_the_longest_card_and_a_hundred_others_are_shown(site: Site) -> None:
    await site.sign_in()
    fields = {name: "W" * limit for name, limit in CARD_FIELDS.items()}
    (path,) = await site.bring(referral(**fields))
    for _ in range(25):
        await site.bring(*(referral() for _ in range(4)))
    _, page = await site.page(path)
    assert "W" * CARD_FIELDS["summary"] in page.text
    _, page = await site.page("/nl/")
    assert "101 open kaarten" in page.text


async def test_what_was_signed_leaves_as_a_file_that_proves_itself(site: Site) -> None:
    await site.sign_in()
    card = referral()
    (path,) = await site.bring(card)
    async with site.browser.get(f"{path}/bewijs") as answer:
        body = await answer.read()
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    document = documents.read_document(body, "card", limit=len(body))
    content = document.verify((site.world.bureau.card_key.public,), labels.SIGN_CARD)["content"]
    assert content["reference"] == card.reference.hex()


async def test_a_refused_card_is_shown_with_its_reason_and_can_be_put_away(site: Site) -> None:
    await site.sign_in()
    site.world.intake.offer(os.urandom(4 * 16384))
    await site.running.sync.round()
    html, page = await site.page("/nl/")
    assert "4 zendingen zijn geweigerd" in page.text
    (failure, *_) = await site.running.inbox.failures()
    async with site.browser.post(f"/nl/geweigerd/{failure.name}", data={"csrf": page.fields["csrf"]}) as answer:
        html, _ = await site.read(answer)
    assert "3 zendingen zijn geweigerd" in html


async def test_troubles_are_said_in_words(site: Site) -> None:
    await site.sign_in()
    (site.world.place / "keys" / "card.json").unlink()
    await site.running.sync.round()
    _, page = await site.page("/nl/")
    assert "Er is geen geldig certificaat voor de sleutels van het bureau" in page.text


async def test_a_password_is_changed_on_its_page(site: Site) -> None:
    await site.sign_in()

    async def change(status: int, old: str, new: str, again: str) -> str:
        _, page = await site.page("/nl/wachtwoord")
        data = {"csrf": page.fields["csrf"], "old": old, "new": new, "again": again}
        async with site.browser.post("/nl/wachtwoord", data=data) as answer:
            return (await site.read(answer, status))[0]

    new = "a wholly different one"
    assert "niet gelijk" in await change(422, PASSWORD, new, new + "x")
    assert "minstens 12 tekens" in await change(422, PASSWORD, "short", "short")
    assert "huidige wachtwoord" in await change(422, "wrong", new, new)
    assert "is gewijzigd" in await change(200, PASSWORD, new, new)


@pytest.mark.parametrize("path", ["/nl/kaarten/0000000000000000", "/nl/kaarten/x", "/xx/", "/nl/geweigerd/1"])
async def test_an_unknown_address_is_a_page_that_says_so(site: Site, path: str) -> None:
    await site.sign_in()
    html, _ = await site.page(path, 404)
    assert "niet" in html


async def test_a_form_that_no_page_of_ours_sends_is_refused(site: Site) -> None:
    await site.sign_in()
    (path,) = await site.bring(referral())
    for body, kind in (
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=1&" * 200, "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    ):
        async with site.browser.post(path, data=body, headers={"Content-Type": kind}) as answer:
            await site.read(answer, 400)
    async with site.browser.post(path, data={"text": "x" * 200_000}) as answer:
        await site.read(answer, 413)
    assert (await site.running.inbox.card(path.rsplit("/", 1)[1])).state is State.NEW


def test_every_text_has_its_dutch_words() -> None:
    messages = [message for message in read_catalogue("dropbox.ministry", DUTCH) if message.id]
    assert len(messages) > 150
    assert [message.id for message in messages if not message.string or message.fuzzy] == []


def test_the_inbox_knows_every_short_name_that_the_desk_may_put_on_a_card() -> None:
    pairs = (
        (words.REGIONS, card_words.REGIONS),
        (words.STAFF, card_words.STAFF),
        (words.FUNCTIONS, card_words.FUNCTIONS),
        (words.CATEGORIES, bureau_words.CATEGORIES),
        (words.YES_NO_UNSURE, bureau_words.YES_NO_UNSURE),
    )
    for ours, theirs in pairs:
        assert set(ours) == set(theirs)
    assert {str(number) for number in words.SERIOUSNESS} == set(card_words.SERIOUSNESS)
    assert {state.value for state in words.STATES} - {"new"} == set(card_words.STATES)
    assert set(words.MEASURES) == set(card_words.MEASURES)
