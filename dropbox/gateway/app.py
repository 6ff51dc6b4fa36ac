"""The application of the gateway: which view answers which request, and what is shown when one fails."""

from collections.abc import Callable, Mapping

from dropbox.gateway import passing, public_pages, read_pages, report_pages, sealed_pages
from dropbox.gateway.bulletins import Bulletins
from dropbox.gateway.errors import Failed
from dropbox.gateway.paths import Page, path
from dropbox.gateway.prepared import PreparedPages
from dropbox.gateway.settings import Settings
from dropbox.gateway.site import Files, Site, Visit
from dropbox.gateway.wire import Answer, Request
from dropbox.reporter.transport import Transport
from dropbox.web import assets
from dropbox.web.catalogues import KIT
from dropbox.web.errors import RefusedRequest
from dropbox.web.failures import NOT_FOUND, OUR_FAULT, REFUSED, WRONG_METHOD, place_of
from dropbox.web.languages import LANGUAGES, language_in_path
from dropbox.web.templating import Templates

PACKAGE = "dropbox.gateway"

View = Callable[[Visit], Answer]

_SHOWN: Mapping[Page, View] = {
    Page.START: public_pages.show_start,
    Page.HOW: public_pages.show_how,
    Page.REPORT: report_pages.show_report,
    Page.READ: read_pages.show_read,
    Page.TEXTS: public_pages.show_texts,
    Page.SEALED: sealed_pages.show_sealed,
}
_SENT: Mapping[Page, View] = {
    Page.REPORT: report_pages.send_report,
    Page.READ: read_pages.read,
    Page.ANSWER: read_pages.send_answer,
    Page.QR: report_pages.show_qr,
    Page.SEALED: sealed_pages.hand_in,
}


def make_site(settings: Settings, clock: Callable[[], int], random: Callable[[int], bytes]) -> Site:
    """Return what views need; `clock` gives Unix seconds, `random(n)` n bytes.

    It is costly to make, holds nothing of a visit, and is shared by every process.
    """
    bulletins = Bulletins(settings.root_key, clock)
    return Site(settings, Templates(PACKAGE), _files(), bulletins, PreparedPages(), clock, random)


def _files() -> Files:
    return Files(assets.load(KIT, "kit.css"), assets.load(PACKAGE, "browser.js"), assets.load(PACKAGE, "words.txt"))


class Application:
    """Answers requests. It holds nothing of a visit."""

    def __init__(self, site: Site, failed: Callable[[str], None]) -> None:
        """`failed` is told what went wrong on our side, in a sentence without anything of a visitor."""
        self._site, self._failed = site, failed
        self._views = _views(site)

    def respond(self, transport: Transport, request: Request) -> Answer:
        """Answer a request. Whatever goes wrong is a page: what happened, whose fault it is, what to do."""
        try:
            return self._view(request)(Visit(self._site, transport, request, language_in_path(request.path)))
        except Failed as error:
            return self._site.failure(request, error.failure)
        except RefusedRequest:
            return self._site.failure(request, REFUSED)
        except Exception as error:  # noqa: BLE001 - its text may quote a visitor: only its type and place are told
            self._failed(f"a page failed: {type(error).__name__} at {place_of(error)}")
            return self._site.failure(request, OUR_FAULT)

    def _view(self, request: Request) -> View:
        if request.path.startswith(passing.PREFIX):
            return passing.pass_on
        views = self._views.get(request.path)
        if views is None:
            raise Failed(NOT_FOUND)
        view = views.get("GET" if request.method == "HEAD" else request.method)
        if view is None:
            raise Failed(WRONG_METHOD)
        return view


def _views(site: Site) -> Mapping[str, Mapping[str, View]]:
    """The views by address and method."""
    views: dict[str, dict[str, View]] = {
        "/": {"GET": public_pages.show_start},  # no redirect: it would be a third request
    }
    for file in (site.files.stylesheet, site.files.script, site.files.words):
        views[file.url] = {"GET": public_pages.show_file(file)}
    for language in LANGUAGES:
        views[f"/{language.code}"] = {"GET": public_pages.show_first}
        for method, table in (("GET", _SHOWN), ("POST", _SENT)):
            for page, view in table.items():
                views.setdefault(path(page, language), {})[method] = view
    return views
