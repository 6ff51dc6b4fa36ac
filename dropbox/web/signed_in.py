"""What every view for people who sign in needs (desk and inbox): sessions, and pages drawn in a language."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

from aiohttp import web

from dropbox.web.assets import StaticFile
from dropbox.web.attempts import Attempts
from dropbox.web.failures import OUR_FAULT, Failure
from dropbox.web.languages import Language
from dropbox.web.sessions import Session, Sessions
from dropbox.web.templating import Templates

IDLE_SECONDS: Final = 15 * 60
"""How long a session lives without a request; `signed_out.html` names it."""

SESSION: Final[web.RequestKey[Session[Any]]] = web.RequestKey("session", Session)

Page = TypeVar("Page")
Person = TypeVar("Person")


@dataclass(frozen=True)
class SignedInSite(Generic[Person]):
    """What a role's site has besides its facade."""

    templates: Templates
    stylesheet: StaticFile
    sessions: Sessions[Person]
    attempts: Attempts


@dataclass(frozen=True)
class SignedInView(ABC, Generic[Page, Person]):
    """One request as a view sees it: the site, the language, who is signed in."""

    request: web.Request
    site: SignedInSite[Person]
    language: Language
    session: Session[Person] | None

    our_fault: ClassVar[Failure]
    """What is said instead of the kit's `OUR_FAULT`, which speaks to reporters."""

    done_sentences: ClassVar[Mapping[str, str]]
    """What `done` may be given, and what the next page then says: marked messages."""

    @property
    def person(self) -> Person:
        """Who is signed in; only for pages behind the gate."""
        assert self.session is not None, "the gate lets nobody through without a session"
        return self.session.person

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the keys are open: somebody is signed in, here or elsewhere."""

    @property
    def names(self) -> dict[str, str]:
        """What the address names, as it gives it: checked by the router's patterns."""
        return dict(self.request.match_info)

    @abstractmethod
    def url(self, page: Page, **names: str) -> str:
        """Return the address of `page` in this language, for the same names unless `names` says otherwise."""

    @abstractmethod
    def draw(self, template: str, page: Page | None, *, status: int = 200, **values: Any) -> web.Response:  # noqa: ANN401 -- what a template takes
        """Answer with a page; what a form gave (None) has no switch to another language."""

    def say(self, message: str, **values: object) -> str:
        """Translate."""
        return self.site.templates.text(self.language, message, **values)

    def failure(self, failure: Failure) -> web.Response:
        """Answer with an error page."""
        shown = self.our_fault if failure is OUR_FAULT else failure
        said = {name: self.say(getattr(shown, name)) for name in ("title", "happened", "todo")}
        return self.draw("failure.html", None, status=shown.status, **said)

    def done(self, what: str, page: Page, **names: str) -> web.HTTPSeeOther:
        """Return the redirect that ends a form: to `page`, which then says `done_sentences[what]`."""
        return web.HTTPSeeOther(f"{self.url(page, **names)}?done={what}")

    @property
    def done_words(self) -> str:
        """What the address says was done, in words; "" for anything that `done` did not make."""
        said = self.done_sentences.get(self.request.query.get("done", ""))
        return self.say(said) if said else ""
