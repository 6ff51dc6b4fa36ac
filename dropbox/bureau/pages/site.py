"""What every view of the desk needs: the facade, sessions, and pages drawn in a language."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from babel.numbers import format_decimal

from dropbox.bureau.desk import Desk
from dropbox.bureau.pages import card_words, words
from dropbox.bureau.pages.once import Once
from dropbox.bureau.pages.paths import Page, path
from dropbox.bureau.views import Handler
from dropbox.web.catalogues import mark
from dropbox.web.failures import OUR_FAULT, Failure
from dropbox.web.languages import LANGUAGES, Language, language_in_path
from dropbox.web.sessions import SessionCookie
from dropbox.web.signed_in import SESSION, SignedInSite, SignedInView
from dropbox.web.templating import Alternate, Frame, Link

PACKAGE: Final = "dropbox.bureau"
_WIDE: Final = frozenset({"inbox.html", "case.html", "card.html"})
_UNITS: Final = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
COOKIE: Final = SessionCookie("desk")

_MENU: Final = ((Page.INBOX, mark("Reports")), (Page.ACCOUNT, mark("My password")))
_DESK_FAULT: Final = Failure(
    OUR_FAULT.status,
    OUR_FAULT.title,
    mark("This is a fault of the desk's program, not yours. What was on the page before may or may not be done."),
    mark("Go back to the reports and look. If it happens again, tell who runs the desk."),
)


@dataclass(slots=True)
class Person:
    """Who is signed in, and the forms that were sent: a note that is sent twice would be published twice."""

    handler: Handler
    forms: Once = field(default_factory=Once)


@dataclass(frozen=True)
class Site(SignedInSite[Person]):
    """One desk. `random(n)` gives n bytes from the system's generator."""

    desk: Desk
    random: Callable[[int], bytes]

    def text(self, language: Language, message: str, **values: object) -> str:
        """Translate a marked message and fill in its values."""
        return self.templates.text(language, message, **values)

    def frame(self, language: Language, page: Page | None, names: dict[str, str], *, menu: bool, wide: bool) -> Frame:
        """Return the frame of `page`; what a form gave (None) has no switch to another language."""
        return Frame(
            language=language,
            site_name=self.text(language, words.SITE_NAME),
            home_url=path(Page.INBOX, language),
            stylesheet_url=self.stylesheet.url,
            navigation=tuple(
                Link(path(item, language), self.text(language, said), item is page) for item, said in _MENU if menu
            ),
            alternates=tuple(Alternate(path(page, other, **names), other) for other in LANGUAGES) if page else (),
            wide=wide,
        )


SITE: Final = web.AppKey("site", Site)


@dataclass(frozen=True)
class View(SignedInView[Page, Person]):
    """One request as a view sees it: the site, the language, who is signed in."""

    site: Site
    our_fault = _DESK_FAULT
    done_sentences = words.DONE

    @classmethod
    def of(cls, request: web.Request) -> "View":
        """Return the view of a request."""
        return cls(request, request.app[SITE], language_in_path(request.path), request.get(SESSION))

    @property
    def desk(self) -> Desk:
        """The facade."""
        return self.site.desk

    @property
    def is_open(self) -> bool:
        """Whether somebody is signed in, so that the keyring is open."""
        return self.desk.is_open

    def url(self, page: Page, **names: str) -> str:
        """Return the address of `page` in this language, for the same case unless `names` says otherwise."""
        return path(page, self.language, **{**self.names, **names})

    def size(self, count: int) -> str:
        """Write a number of bytes as people of this language do: "4,2 MB"."""
        unit, name = next(((unit, name) for unit, name in _UNITS if count >= unit), (1, "bytes"))
        return f"{format_decimal(count / unit, '#,##0.#', locale=self.language.code)}\u00a0{name}"

    def draw(self, template: str, page: Page | None, *, status: int = 200, **values: Any) -> web.Response:  # noqa: ANN401 -- what a template takes
        """Answer with a page. Every template gets the names set here."""
        html = self.site.templates.render(
            template,
            self.site.frame(self.language, page, self.names, menu=self.session is not None, wide=template in _WIDE),
            url=self.url,
            page=Page,
            user=self.session.person.handler.user if self.session else "",
            csrf_value=self.session.csrf if self.session else "",
            today=self.desk.today(),
            words=words,
            card_words=card_words,
            size=self.size,
            **values,
        )
        return web.Response(text=html, content_type="text/html", status=status)
