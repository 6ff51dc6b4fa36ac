"""The pages that are the same for everybody."""

from collections.abc import Callable

from dropbox.gateway import publications, texts
from dropbox.gateway.paths import Page, path
from dropbox.gateway.prepared import Drawn
from dropbox.gateway.site import Site, Visit, public_bytes, redirect, same
from dropbox.gateway.wire import Answer
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.payload import MAX_FILES, TEXT_LIMIT
from dropbox.protocol.publication import Publication
from dropbox.reporter.errors import VisitError
from dropbox.reporter.transport import Transport
from dropbox.web.assets import StaticFile
from dropbox.web.forms import NO_PROBLEMS
from dropbox.web.languages import LANGUAGES, Language
from dropbox.web.policy import Allowed

AUTHORITIES = (
    "Huis voor Klokkenluiders",
    "Autoriteit Consument & Markt (ACM)",
    "Autoriteit Financiële Markten (AFM)",
    "Autoriteit Nucleaire Veiligheid en Stralingsbescherming (ANVS)",
    "Autoriteit Persoonsgegevens (AP)",
    "De Nederlandsche Bank (DNB)",
    "Inspectie Gezondheidszorg en Jeugd (IGJ)",
    "Nederlandse Voedsel- en Warenautoriteit (NVWA)",
    "Nederlandse Zorgautoriteit (NZa)",
)


def show_first(visit: Visit) -> Answer:
    """Send whoever names a language without a page to its first one."""
    return redirect(path(Page.START, visit.language))


def prepare(site: Site, transport: Transport) -> None:
    """Draw beforehand, and anew when the bureau says something else, what each visitor sees first."""
    publication = _publication(site, transport)
    for language in LANGUAGES:
        _start(site, language, publication)
        _how(site, language)
        _texts(site, language)


def show_start(visit: Visit) -> Answer:
    """The first page; without a language in the path, in the first one.

    `Accept-Language` is not looked at: it is a fingerprint.
    """
    publication = _publication(visit.site, visit.transport)
    return same(visit.request, _start(visit.site, visit.language, publication))


def show_how(visit: Visit) -> Answer:
    """How it works, and what we cannot protect a reporter from."""
    return same(visit.request, _how(visit.site, visit.language))


def show_texts(visit: Visit) -> Answer:
    """What pages say in which the browser seals or opens; its script fetches it and puts it in place."""
    return same(visit.request, _texts(visit.site, visit.language))


def _start(site: Site, language: Language, publication: Publication | None) -> Drawn:
    read_day, notices = None, tuple[str, ...]()
    if publication is not None:
        read_day = publication.mailboxes_read_day or None  # 0: not yet
        notices = tuple(item.text for item in publication.notices if item.language == language.code)

    def draw() -> str:
        return site.draw(
            "start.html", language, Page.START, read_day=read_day, notices=notices, authorities=AUTHORITIES
        )

    return site.prepared.same((language.code, Page.START), draw, (read_day, notices))


def _how(site: Site, language: Language) -> Drawn:
    return site.prepared.same((language.code, Page.HOW), lambda: site.draw("how.html", language, Page.HOW))


def _texts(site: Site, language: Language) -> Drawn:
    def draw() -> str:
        said = texts.OF_THE_SCRIPT | {f"status_{status}": words for status, words in texts.STATUSES.items()}
        return site.draw(
            "texts.html", language, Page.TEXTS,
            texts={name: site.templates.text(language, said[name]) for name in said},
            text_limit=TEXT_LIMIT, max_files=MAX_FILES, no_problems=NO_PROBLEMS,
        )  # fmt: skip

    return site.prepared.same((language.code, Page.TEXTS), draw)


def show_file(file: StaticFile) -> Callable[[Visit], Answer]:
    """A file that is the same for everybody and that a browser may keep."""

    def show(visit: Visit) -> Answer:
        return public_bytes(visit.request, file.plain, file.compressed, file.content_type, allowed=Allowed(cache=True))

    return show


def _publication(site: Site, transport: Transport) -> Publication | None:
    """What the bureau published, or None: the first page must stand also when nothing else does.

    It is asked for each time: auditors compare what this page announces with what is published at that moment.
    """
    try:
        bulletin = site.bulletins.current(transport)
        return publications.current(transport, bulletin, site.clock())
    except (VisitError, ProtocolError):
        return None
