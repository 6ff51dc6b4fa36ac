"""What every view of the inbox needs: the facade, sessions, and pages drawn in a language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from aiohttp import web

from dropbox.ministry.inbox import Inbox
from dropbox.ministry.pages import words
from dropbox.ministry.pages.paths import Page, path
from dropbox.ministry.sync import Sync
from dropbox.ministry.views import Person
from dropbox.web.catalogues import mark
from dropbox.web.failures import OUR_FAULT, Failure
from dropbox.web.languages import LANGUAGES, Language, language_in_path
from dropbox.web.sessions import SessionCookie
from dropbox.web.signed_in import SESSION, SignedInSite, SignedInView
from dropbox.web.templating import Alternate, Frame, Link, long_day

PACKAGE: Final = "dropbox.ministry"
COOKIE: Final = SessionCookie("ministry")

_DAY: Final = 86_400
_MENU: Final = ((Page.INBOX, mark("Cards")), (Page.ACCOUNT, mark("My password")))
_OUR_FAULT: Final = Failure(
    OUR_FAULT.status,
    OUR_FAULT.title,
    mark("This is a fault of the inbox's program, not yours. What you sent may or may not be done."),
    mark("Go back to the list of cards and look. If it happens again, tell who runs the inbox."),
)


@dataclass(frozen=True)
class Site(SignedInSite[Person]):
    """One inbox."""

    inbox: Inbox
    sync: Sync

    def frame(self, language: Language, page: Page | None, names: Mapping[str, str], *, menu: bool) -> Frame:
        """Return the frame of `page`; what a form gave (None) has no switch to another language."""
        return Frame(
            language=language,
            site_name=self.templates.text(language, words.SITE_NAME),
            home_url=path(Page.INBOX, language),
            stylesheet_url=self.stylesheet.url,
            navigation=tuple(
                Link(path(item, language), self.templates.text(language, said), item is page)
                for item, said in _MENU
                if menu
            ),
            alternates=tuple(Alternate(path(page, other, **names), other) for other in LANGUAGES) if page else (),
            wide=page is Page.INBOX,
        )


SITE: Final = web.AppKey("site", Site)


@dataclass(frozen=True)
class View(SignedInView[Page, Person]):
    """One request as a view sees it: the site, the language, who is signed in."""

    site: Site
    our_fault = _OUR_FAULT
    done_sentences = words.DONE

    @classmethod
    def of(cls, request: web.Request) -> "View":
        """Return the view of a request."""
        return cls(request, request.app[SITE], language_in_path(request.path), request.get(SESSION))

    @property
    def inbox(self) -> Inbox:
        """The facade."""
        return self.site.inbox

    @property
    def is_open(self) -> bool:
        """Whether somebody is signed in, so that the keyring is open."""
        return self.inbox.is_open

    def url(self, page: Page, **names: str) -> str:
        """Return the address of `page` in this language, for the same card unless `names` says otherwise."""
        return path(page, self.language, **{**self.names, **names})

    def one_of(self, table: Mapping[Any, str], code: object) -> str:
        """Return the words for a code, or the code itself when it is of a later release."""
        return self.say(table[code]) if code in table else str(code)

    def day_words(self, text: str) -> str:
        """Write a day as people do: "8 december 2026" for "2026-12-08"; anything else as it came."""
        day = _day_number(text)
        return text if day is None else long_day(day, self.language)

    def days_left(self, text: str) -> int | None:
        """Return how many days there are until a day written "2026-12-08"; None for anything else."""
        day = _day_number(text)
        return None if day is None else day - self.inbox.today()

    def draw(self, template: str, page: Page | None, *, status: int = 200, **values: Any) -> web.Response:  # noqa: ANN401 -- what a template takes
        """Answer with a page. Every template gets the names set here."""
        html = self.site.templates.render(
            template,
            self.site.frame(self.language, page, self.names, menu=self.session is not None),
            url=self.url,
            page=Page,
            user=self.session.person.user if self.session else "",
            csrf_value=self.session.csrf if self.session else "",
            words=words,
            one_of=self.one_of,
            day_words=self.day_words,
            days_left=self.days_left,
            **values,
        )
        return web.Response(text=html, content_type="text/html", status=status)


def _day_number(text: str) -> int | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) // _DAY
