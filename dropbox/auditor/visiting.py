"""A visit as a reporter makes it: pages in a window, their files, and what the pages' script asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from dropbox.auditor import pages
from dropbox.auditor.errors import LineError
from dropbox.auditor.line import Ask, Line
from dropbox.auditor.pages import Page
from dropbox.reporter import session
from dropbox.reporter.errors import TransportFailed
from dropbox.reporter.transport import Request, Response
from dropbox.torlink.as_browsers import Kind
from dropbox.torlink.visitor import Answer

Pause = Callable[[], Awaitable[None]]


HOSTS_DOING: Final = frozenset({"malformed", "too-much"})
"""Faults that no line has by itself: what a host does so is found wrong, though nothing of it can be read."""


@dataclass(frozen=True)
class Itinerary:
    """Where a visitor goes, page by page, in one language, and whether they read answers at the end."""

    language: str
    paths: tuple[str, ...]
    reads: bool = False


def _ways(language: str) -> tuple[Itinerary, ...]:
    start = pages.START[language]
    return (
        Itinerary(language, (start, pages.HOW[language])),
        Itinerary(language, (start, pages.REPORT[language])),
        Itinerary(language, (start, pages.READ[language]), reads=True),
    )


ITINERARIES: Final = tuple(way for language in pages.LANGUAGES for way in _ways(language))
"""What visitors do.  Together they see every page that is the same for everybody, in each language."""


@dataclass(frozen=True)
class SeenPage:
    """A page as it came, and as it was read.  One that broke off is not `whole`; a browser shows it all the same."""

    path: str
    fetched: Answer
    page: Page
    whole: bool = True


@dataclass
class Visit:
    """What one visit brought, by address; and where it broke off, and why, unless it `ended` well."""

    pages: list[SeenPage] = field(default_factory=list)
    files: dict[str, Answer] = field(default_factory=dict)
    calls: dict[str, Answer] = field(default_factory=dict)
    ended: bool = False
    place: str = ""  # what was asked for last: an address of ours, or the role of a file
    fault: str = "stopped"  # the code of a sentence in `texts`

    @property
    def empty(self) -> bool:
        """Whether nothing came at all that could be judged."""
        return not (self.pages or self.files or self.calls or self.fault in HOSTS_DOING)


class Window:
    """One visitor's window: it keeps what a browser keeps, and is closed with the visit."""

    def __init__(self, line: Line, hosts: frozenset[str]) -> None:
        """`hosts` are the addresses that the pages' links may lead to."""
        self._line, self._hosts = line, hosts
        self.visit = Visit()

    async def open(self, path: str) -> SeenPage:
        """A page, its files, and what its script fetches by itself.  Raises LineError."""
        kind = Kind.LINKED_PAGE if self.visit.pages else Kind.PAGE
        try:
            fetched = await self._ask(Ask(kind, path), path)
        except LineError as error:
            if error.cut_off is not None:
                page = pages.parse_cut(error.cut_off.body, self._hosts)
                self.visit.pages.append(SeenPage(path, error.cut_off, page, whole=False))
            raise
        seen = SeenPage(path, fetched, pages.parse(fetched.body, self._hosts))
        self.visit.pages.append(seen)
        page = seen.page
        if pages.STYLESHEET.fullmatch(page.stylesheet):
            await self._keep(Ask(Kind.STYLE, page.stylesheet), "stylesheet")
        if page.script:
            await self._keep(Ask(Kind.SCRIPT, page.script), "script")
        if page.seals and pages.WORDS.fullmatch(page.words) and page.texts in pages.TEXTS.values():
            await self._texts(page.texts)
            await self._keep(Ask(Kind.KEPT_DATA, page.words), "words")
        return seen

    async def _ask(self, ask: Ask, place: str) -> Answer:
        self.visit.place = place
        return await self._line.ask(ask)

    async def _keep(self, ask: Ask, role: str) -> None:
        if ask.path not in self.visit.files:
            self.visit.files[ask.path] = await self._ask(ask, role)

    async def _texts(self, path: str) -> None:
        fetched = await self._ask(Ask(Kind.FRESH_DATA, path), path)
        self.visit.pages.append(SeenPage(path, fetched, pages.parse(fetched.body, self._hosts)))

    async def read(self) -> None:
        """What everybody asks for who reads answers: always all three, whatever came before.  Raises LineError."""
        for request in (session.BULLETIN, session.BOARDS, session.PUBLICATION):
            await self.call(request)

    async def call(self, request: Request) -> Answer:
        """One request of the pages' script.  Raises LineError."""
        fetched = await self._ask(Ask(Kind.DATA, request.path, request.method, request.body), request.path)
        self.visit.calls[request.path] = fetched
        return fetched

    async def send(self, request: Request) -> Response:
        """The same, as the reporter's core sees it (`reporter.transport.Transport`).  Raises TransportFailed."""
        try:
            fetched = await self.call(request)
        except LineError as error:
            raise TransportFailed("no answer came through Tor") from error
        return Response(fetched.status, fetched.body)


async def walk(window: Window, itinerary: Itinerary, pause: Pause) -> Visit:
    """The whole visit, or what came of it until the line broke: what is seen then counts all the same, for a host could
    tamper and hang up.  `pause` is the time in which a person reads or types.  Raises LineError where nothing came.
    """
    visit = window.visit
    try:
        for path in itinerary.paths:
            await window.open(path)
            await pause()
        if itinerary.reads:
            await window.read()
    except LineError as error:
        visit.fault = error.code
        if visit.empty:
            raise
    else:
        visit.ended = True
    return visit
