"""What every view of the gateway needs: settings, clock, randomness, transport, and pages drawn in a language."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dropbox.gateway import texts
from dropbox.gateway.bulletins import Bulletins
from dropbox.gateway.paths import Page, path
from dropbox.gateway.prepared import Drawn, PreparedPages
from dropbox.gateway.settings import Settings
from dropbox.gateway.wire import Answer, Request
from dropbox.reporter.transport import Transport
from dropbox.web.assets import StaticFile, compress, takes_gzip
from dropbox.web.catalogues import mark
from dropbox.web.failures import Failure
from dropbox.web.languages import LANGUAGES, Language, language_in_path
from dropbox.web.padding import pad_page
from dropbox.web.policy import NOTHING, Allowed, headers_of
from dropbox.web.templating import Alternate, Frame, Link, Templates

_MENU = (
    (Page.START, mark("Start")),
    (Page.HOW, mark("How it works")),
    (Page.REPORT, mark("Report")),
    (Page.READ, mark("Read the answer")),
)


@dataclass(frozen=True, slots=True)
class Files:
    """What browsers may keep. `script` seals in the browser; `words` are the lists of receipts that are not English."""

    stylesheet: StaticFile
    script: StaticFile
    words: StaticFile


@dataclass(frozen=True)
class Site:
    """One gateway. `clock` gives Unix seconds, `random(n)` gives n bytes from the system's generator."""

    settings: Settings
    templates: Templates
    files: Files
    bulletins: Bulletins
    prepared: PreparedPages
    clock: Callable[[], int]
    random: Callable[[int], bytes]

    def frame(self, language: Language, page: Page | None) -> Frame:
        """Return the frame of `page`. Without a page (what a form gave) there is no switch to another language:
        it would lead away from words that are shown once.
        """
        alternates = tuple(Alternate(path(page, other), other) for other in LANGUAGES) if page else ()
        return Frame(
            language=language,
            site_name=self.templates.text(language, texts.SITE_NAME),
            home_url=path(Page.START, language),
            stylesheet_url=self.files.stylesheet.url,
            navigation=tuple(
                Link(self.link(item, language), self.templates.text(language, words), item is page)
                for item, words in _MENU
            ),
            alternates=alternates,
        )

    def link(self, page: Page, language: Language) -> str:
        """Return where a link to `page` leads: reading may have an address of its own, and so another circuit.

        Forms go to where their page came from.
        """
        address = {Page.REPORT: self.settings.reporters_address, Page.READ: self.settings.reading_address}.get(page)
        return f"http://{address}{path(page, language)}" if address else path(page, language)

    def draw(self, template: str, language: Language, page: Page | None, **values: Any) -> str:  # noqa: ANN401 -- what a template takes
        """Render a template of the gateway; `url(Page)` in it gives addresses in the same language, `link(Page)` those
        that also say on which of two onion addresses.
        """
        return self.templates.render(
            template,
            self.frame(language, page),
            page=Page,
            url=lambda item: path(item, language),
            link=lambda item: self.link(item, language),
            shared=self.files,
            root=self.settings.root_key.raw.hex(),
            **values,
        )

    def failure(self, request: Request, failure: Failure) -> Answer:
        """Answer with an error page in the language of the path."""
        language = language_in_path(request.path)
        words = {name: self.templates.text(language, getattr(failure, name)) for name in ("title", "happened", "todo")}
        return public(request, self.draw("failure.html", language, None, **words), failure.status)


@dataclass(frozen=True)
class Visit:
    """One request and what a view needs to answer it."""

    site: Site
    transport: Transport
    request: Request
    language: Language


def public(request: Request, html: str, status: int = 200, allowed: Allowed = NOTHING) -> Answer:
    """Answer with a page that is the same for everybody; it may be compressed."""
    plain = html.encode()
    return public_bytes(request, plain, compress(plain), "text/html", status, allowed)


def same(request: Request, page: Drawn, allowed: Allowed = NOTHING) -> Answer:
    """Answer with a page that was drawn before."""
    return public_bytes(request, page.plain, page.compressed, "text/html", allowed=allowed)


def public_bytes(
    request: Request, plain: bytes, compressed: bytes, kind: str, status: int = 200, allowed: Allowed = NOTHING
) -> Answer:
    """Answer with bytes that are the same for everybody, compressed where the browser takes it."""
    headers = {"Content-Type": f"{kind}; charset=utf-8", "Vary": "Accept-Encoding", **headers_of(allowed)}
    if takes_gzip(request.headers.get("accept-encoding", "")):
        return Answer(status, compressed, headers | {"Content-Encoding": "gzip"})
    return Answer(status, plain, headers)


def personal(html: str, status: int = 200, *, least: int = 0, allowed: Allowed = NOTHING) -> Answer:
    """Answer with a page that holds something of one reporter: padded, to `least` bytes or more, never compressed."""
    body = pad_page(html, least=least, grow=True)
    return Answer(status, body, {"Content-Type": "text/html; charset=utf-8", **headers_of(allowed)})


def redirect(address: str) -> Answer:
    """Send the visitor to another page of the site."""
    return Answer(302, b"", {"Location": address, **headers_of(NOTHING)})
