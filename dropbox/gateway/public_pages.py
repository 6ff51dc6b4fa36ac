"""The pages that are the same for everybody."""

from dropbox.gateway.paths import Page, path
from dropbox.gateway.site import Site, Visit, public, public_bytes, redirect
from dropbox.gateway.wire import Answer
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.publication import Publication
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import VisitError
from dropbox.reporter.exchange import fetch_publication
from dropbox.reporter.transport import Transport
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


def show_start(visit: Visit) -> Answer:
    """The first page; without a language in the path, in the first one.

    `Accept-Language` is not looked at: it is a fingerprint.
    """
    site, language = visit.site, visit.language
    publication = _publication(site, visit.transport)
    html = site.draw(
        "start.html",
        language,
        Page.START,
        read_day=publication.mailboxes_read_day or None if publication else None,  # 0: not yet
        notices=[item.text for item in publication.notices if item.language == language.code] if publication else [],
        authorities=AUTHORITIES,
    )
    return public(visit.request, html)


def show_how(visit: Visit) -> Answer:
    """How it works, and what we cannot protect a reporter from."""
    return public(visit.request, visit.site.draw("how.html", visit.language, Page.HOW))


def show_stylesheet(visit: Visit) -> Answer:
    """The look of all pages; a browser may keep it."""
    file = visit.site.stylesheet
    return public_bytes(visit.request, file.plain, file.compressed, file.content_type, allowed=Allowed(cache=True))


def _publication(site: Site, transport: Transport) -> Publication | None:
    """What the bureau published, or None: the first page must stand also when nothing else does."""
    try:
        bulletin = site.bulletins.current(transport)
        return run(fetch_publication(transport, bulletin, site.clock()))
    except (VisitError, ProtocolError):
        return None
