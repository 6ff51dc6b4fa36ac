"""Who gets in: signing in and out, idle sessions, foreign names, foreign forms, signed-out access."""

import asyncio
import io
import itertools
from typing import Any

from dropbox.bureau.pages.paths import Page, path
from dropbox.web.attempts import ATTEMPTS, WINDOW_SECONDS
from dropbox.web.languages import LANGUAGES
from dropbox.web.signed_in import IDLE_SECONDS
from tests.bureau.office import PASSWORD, USER
from tests.bureau_pages.browser import Room

NAMES = {"case": "0a" * 16, "kind": "reply", "file": "0b" * 16}
FORMS = (Page.SIGN_OUT, Page.ACCOUNT, Page.WRITE, Page.FILE, Page.DISCARD, Page.CARD)
PAGES = (Page.INBOX, Page.ACCOUNT, Page.CASE, Page.WRITE, Page.DISCARD, Page.CARD)


async def test_signed_out_people_are_sent_to_the_sign_in_page(desk: Room) -> None:
    for page, language in itertools.product(PAGES, LANGUAGES):
        answer = await desk.browser.get(path(page, language, **NAMES))
        assert answer.path == path(Page.SIGN_IN, language), page
        assert "password" in answer.page.fields


async def test_forms_of_signed_out_people_change_nothing_and_give_the_text_back(desk: Room) -> None:
    for page in FORMS:
        answer = await desk.browser.send_bare(path(page, LANGUAGES[0], **NAMES), {"text": "An hour's </textarea>"})
        assert answer.status == 403, page
        assert answer.page.fields["typed-1"] == "An hour's </textarea>"


async def test_first_address_leads_to_dutch_pages(desk: Room) -> None:
    answer = await desk.browser.get("/")
    assert answer.path == "/nl/inloggen"
    assert answer.page.language == "nl"


async def test_sign_in_gives_a_cookie_that_no_script_and_no_other_site_gets(desk: Room) -> None:
    form = {"user": USER, "password": PASSWORD}
    async with desk.browser.session.post(desk.base / "en/sign-in", data=form, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/en/")
        cookie = response.cookies["dropbox-desk"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert "max-age" not in {name for name, value in cookie.items() if value}


async def test_planted_session_token_is_not_taken_over(desk: Room) -> None:
    planted = {"Cookie": "dropbox-desk=" + "0" * 64}
    form = {"user": USER, "password": PASSWORD}
    url = desk.base / "nl/inloggen"
    async with desk.browser.session.post(url, data=form, headers=planted, allow_redirects=False) as response:
        assert response.cookies["dropbox-desk"].value != "0" * 64


async def test_wrong_name_and_wrong_password_look_the_same(desk: Room) -> None:
    name = await desk.browser.sign_in(user="nobody", password=PASSWORD)
    password = await desk.browser.sign_in(password="not the password")
    assert (name.status, password.status) == (403, 403)
    assert name.html.replace("nobody", USER) == password.html
    assert PASSWORD not in name.html
    assert not desk.opened.desk.is_open


async def test_guessing_is_stopped_after_some_wrong_tries(desk: Room) -> None:
    for _ in range(ATTEMPTS):
        assert (await desk.browser.sign_in(password="not the password")).status == 403
    assert (await desk.browser.sign_in()).status == 429
    assert not desk.opened.desk.is_open
    desk.seconds.now += WINDOW_SECONDS + 1
    assert (await desk.browser.sign_in()).path == "/nl/"


async def test_guessing_at_the_old_password_side_by_side_is_stopped_as_soon(signed_in: Room) -> None:
    await signed_in.browser.get("/nl/wachtwoord")
    new = "another long one"
    form = {**signed_in.browser.last.fields, "old": "guess", "new": new, "again": new}
    answers = await asyncio.gather(*(signed_in.browser.send_bare("/nl/wachtwoord", form) for _ in range(ATTEMPTS + 4)))
    assert sum("Dit is niet uw huidige wachtwoord" in answer.page.text for answer in answers) == ATTEMPTS
    assert sum("te veel verkeerde pogingen" in answer.page.text for answer in answers) == 4


async def test_idle_session_ends_and_locks_the_cases(signed_in: Room) -> None:
    signed_in.seconds.now += IDLE_SECONDS - 1
    assert (await signed_in.browser.get("/nl/")).path == "/nl/"
    signed_in.seconds.now += IDLE_SECONDS
    assert (await signed_in.browser.get("/nl/")).path == "/nl/inloggen"
    assert not signed_in.opened.desk.is_open


async def test_sign_out_locks_the_cases_and_the_sync_goes_on(signed_in: Room) -> None:
    await signed_in.browser.get("/nl/")
    answer = await signed_in.browser.send("/nl/uitloggen")
    assert answer.path.startswith("/nl/inloggen")
    assert "De zaken zijn vergrendeld" in answer.page.text
    assert not signed_in.opened.desk.is_open
    reporter = signed_in.office.reporter()
    await reporter.send("While nobody is there.")
    await signed_in.opened.round()
    assert (await signed_in.opened.desk.sync_state()).waiting == 1
    assert (await signed_in.browser.get("/nl/")).path == "/nl/inloggen"


async def test_a_colleague_who_stays_keeps_the_cases_open(signed_in: Room) -> None:
    async with signed_in.another_browser() as colleague:
        await colleague.sign_in()
        await signed_in.browser.get("/nl/")
        answer = await signed_in.browser.send("/nl/uitloggen")
        assert "Een collega is nog ingelogd" in answer.page.text
        assert signed_in.opened.desk.is_open
        assert (await colleague.get("/nl/")).path == "/nl/"


async def test_foreign_host_name_is_refused_also_with_a_session(signed_in: Room) -> None:
    hosts = ("evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example", "[::2]:80", "")
    for host, where in itertools.product(hosts, ("nl/", "nl/inloggen", "static/anything.css")):
        async with signed_in.browser.session.get(signed_in.base / where, headers={"Host": host}) as response:
            assert response.status == 421
            assert "evil" not in await response.text()


async def test_loopback_names_are_answered_at_any_port(signed_in: Room) -> None:
    for host in ("127.0.0.1", "127.0.0.1:9999", "localhost:8080", "LOCALHOST", "[::1]:8080", "[::1]"):
        assert (await signed_in.browser.get("/nl/wachtwoord", Host=host)).status == 200, host


async def test_forms_without_the_session_value_are_refused(signed_in: Room) -> None:
    _, case = await signed_in.report("Keep this.")
    names = {**NAMES, "case": case.rpartition("/")[2]}
    fields = {"sure": "yes", "text": "x", "step": "send", "once": "1"}
    for page, value in itertools.product(FORMS, ({}, {"csrf": ""}, {"csrf": "0" * 64})):
        sent = await signed_in.browser.send_bare(path(page, LANGUAGES[0], **names), {**fields, **value})
        assert sent.status == 403, page
    assert signed_in.opened.desk.is_open
    assert len(await signed_in.opened.desk.cases()) == 1


async def test_the_session_value_of_a_colleague_is_refused(signed_in: Room) -> None:
    _, case = await signed_in.report("Keep this.")
    async with signed_in.another_browser() as colleague:
        await colleague.sign_in()
        await colleague.get(f"{case}/weggooien")
        signed_in.browser.last = colleague.last
        answer = await signed_in.browser.send(f"{case}/weggooien", {"sure": "yes"})
    assert answer.status == 403
    assert len(await signed_in.opened.desk.cases()) == 1


async def test_forms_that_another_site_sends_are_refused(signed_in: Room) -> None:
    _, case = await signed_in.report("Keep this.")
    signing_in = {"user": USER, "password": PASSWORD}
    for site in ("cross-site", "same-site"):
        await signed_in.browser.get(f"{case}/weggooien")
        foreign = {"Sec-Fetch-Site": site}
        assert (await signed_in.browser.send(f"{case}/weggooien", {"sure": "yes"}, **foreign)).status == 403
        assert len(await signed_in.opened.desk.cases()) == 1
        assert (await signed_in.browser.send_bare("/nl/inloggen", signing_in, **foreign)).status == 403


async def test_forms_that_our_pages_cannot_have_sent_are_refused(signed_in: Room) -> None:
    await signed_in.browser.get("/nl/wachtwoord")
    session, url = signed_in.browser.session, signed_in.base / "nl/wachtwoord"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    refused: dict[str, tuple[Any, int]] = {
        "multipart": ({"data": b"--x--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
        "too many": ({"data": "&".join(f"f{n}=1" for n in range(10_000)), "headers": kind}, 400),
        "no pairs": ({"data": "no-pairs-at-all", "headers": kind}, 400),
        "not ascii": ({"data": "old=é".encode(), "headers": kind}, 400),
        "too large": ({"data": io.BytesIO(b"old=" + b"x" * 5_000_000), "headers": kind}, 413),
    }
    for name, (request, status) in refused.items():
        async with session.post(url, **request) as response:
            assert response.status == status, name


async def test_unknown_addresses_and_methods_get_a_page(signed_in: Room) -> None:
    for where in ("/nl/nergens", "/nl/zaken/../../etc/passwd", f"/nl/zaken/{'0' * 31}", f"/nl/zaken/{'A' * 32}"):
        assert (await signed_in.browser.get(where)).status == 404
    gone = await signed_in.browser.get(f"/nl/zaken/{'0' * 32}")
    assert gone.status == 404
    assert "weggegooid" in gone.page.text
    async with signed_in.browser.session.put(signed_in.base / "nl/") as response:
        assert response.status == 405


async def test_everything_locks_when_the_application_stops(signed_in: Room) -> None:
    assert signed_in.opened.desk.is_open
    await signed_in.runner.cleanup()
    assert not signed_in.opened.desk.is_open
