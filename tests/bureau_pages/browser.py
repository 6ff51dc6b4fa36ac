"""A person at the desk: a browser without scripts, a real application on a real socket, a real vault behind it."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from yarl import URL

from dropbox.bureau.app import create_app
from dropbox.web.serving import QuietRunner
from tests.bureau.office import PASSWORD, USER, Office, Open, Reporter
from tests.web.inspection import Page, assert_clean


@dataclass
class Seconds:
    """The clock of sessions; stands still until it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Seconds that never go back."""
        return self.now


@dataclass(frozen=True)
class Answer:
    """What came back. Every page was parsed and found clean before it is handed out."""

    status: int
    path: str
    headers: Mapping[str, str]
    body: bytes
    page: Page = field(default_factory=Page)

    @property
    def html(self) -> str:
        """The page as it came."""
        return self.body.decode()


class Browser:
    """One person's browser: keeps cookies, follows redirects, sends forms with what the last page held."""

    def __init__(self, session: aiohttp.ClientSession, base: URL) -> None:
        self.session, self.base, self.last = session, base, Page()

    async def get(self, path: str, *, follow: bool = True, **headers: str) -> Answer:
        """Open a page."""
        async with self.session.get(self.base.join(URL(path)), allow_redirects=follow, headers=headers) as response:
            return await self._answer(response)

    async def send(self, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """Send a form as the last page would: with its hidden value against foreign forms."""
        return await self.send_bare(path, {"csrf": self.last.fields.get("csrf", ""), **(fields or {})}, **headers)

    async def send_bare(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Send exactly these fields."""
        async with self.session.post(self.base.join(URL(path)), data=fields, headers=headers) as response:
            return await self._answer(response)

    async def submit(self, path: str, **changes: str) -> Answer:
        """Send the last page's fields with some of them changed."""
        return await self.send_bare(path, {**self.last.fields, **changes})

    async def sign_in(self, user: str = USER, password: str = PASSWORD) -> Answer:
        """Sign in through the page."""
        await self.get("/nl/inloggen")
        return await self.send("/nl/inloggen", {"user": user, "password": password})

    async def _answer(self, response: aiohttp.ClientResponse) -> Answer:
        body = await response.read()
        assert "Server" not in response.headers
        assert "Date" not in response.headers
        page = Page()
        if response.content_type == "text/html":
            page = assert_clean(body.decode())
            policy = response.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; ")
            assert "frame-ancestors 'none'" in policy
            assert "script" not in policy
            assert "unsafe" not in policy
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            self.last = page
        return Answer(response.status, response.url.path_qs, response.headers, body, page)


@dataclass
class Room:
    """The desk's pages at work: the office, the open desk, a browser, and the clock of sessions."""

    office: Office
    opened: Open
    base: URL
    browser: Browser
    seconds: Seconds
    runner: QuietRunner

    @asynccontextmanager
    async def another_browser(self) -> AsyncIterator[Browser]:
        """A colleague's."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            yield Browser(session, self.base)

    async def report(self, text: str, **fields: object) -> tuple[Reporter, str]:
        """A new report, fetched and opened; gives its reporter and the path of its case."""
        before = {row.identity for row in await self.opened.desk.cases()}
        reporter = self.office.reporter()
        await reporter.send(text, **fields)  # type: ignore[arg-type]  # files, or fields of Message
        await self.opened.round()
        (name,) = {row.identity for row in await self.opened.desk.cases()} - before
        return reporter, f"/nl/zaken/{name}"


@asynccontextmanager
async def pages(office: Office, opened: Open) -> AsyncIterator[Room]:
    """The pages of an open desk, with nobody signed in."""
    seconds = Seconds()
    runner = QuietRunner(create_app(opened.desk, office.settings(), clock=seconds, random=os.urandom))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        base = URL(f"http://{host}:{port}/")
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            yield Room(office, opened, base, Browser(session, base), seconds, runner)
    finally:
        await runner.cleanup()
