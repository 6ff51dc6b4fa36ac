"""What every view of the gateway needs: settings, clock, randomness, transport, and pages drawn in a language."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from dropbox.gateway import texts
from dropbox.gateway.paths import Page, path
from dropbox.gateway.settings import Settings
from dropbox.reporter.transport import Transport
from dropbox.web.catalogues import mark
from dropbox.web.failures import Failure
from dropbox.web.languages import LANGUAGES, Language, language_in_path
from dropbox.web.padding import pad_page
from dropbox.web.static import StaticFile, compress, public_bytes
from dropbox.web.templating import Alternate, Frame, Link, Templates

_MENU = (
    (Page.START, mark("Start")),
    (Page.HOW, mark("How it works")),
    (Page.REPORT, mark("Report")),
    (Page.READ, mark("Read the answer")),
)


@dataclass(frozen=True)
class Site:
    """One gateway. `clock` gives Unix seconds, `random(n)` gives n bytes from the system's generator."""

    settings: Settings
    templates: Templates
    stylesheet: StaticFile
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
            stylesheet_url=self.stylesheet.url,
            navigation=tuple(
                Link(path(item, language), self.templates.text(language, words), item is page) for item, words in _MENU
            ),
            alternates=alternates,
        )

    def draw(self, template: str, language: Language, page: Page | None, **values: Any) -> str:  # noqa: ANN401 -- what a template takes
        """Render a template of the gateway; `url(Page)` in it gives addresses in the same language."""
        return self.templates.render(
            template, self.frame(language, page), page=Page, url=lambda item: path(item, language), **values
        )

    def public(self, request: web.Request, html: str) -> web.Response:
        """Answer with a page that is the same for everybody; it may be compressed."""
        plain = html.encode()
        return public_bytes(request, plain, compress(plain), "text/html")

    def personal(self, html: str, status: int = 200) -> web.Response:
        """Answer with a page that holds something of one reporter: padded, and never compressed."""
        body = pad_page(html, grow=True)
        return web.Response(body=body, content_type="text/html", charset="utf-8", status=status)

    def failure(self, request: web.Request, failure: Failure) -> web.Response:
        """Answer with an error page in the language of the path."""
        language = language_in_path(request.path)
        words = {name: self.templates.text(language, getattr(failure, name)) for name in ("title", "happened", "todo")}
        response = self.public(request, self.draw("failure.html", language, None, **words))
        response.set_status(failure.status)
        return response


SITE = web.AppKey("site", Site)
TRANSPORT = web.AppKey("transport", Transport)
