"""The pages that are the same for everybody."""

from aiohttp import web

from dropbox.gateway.paths import Page, path
from dropbox.gateway.site import SITE, TRANSPORT, Site
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.publication import Publication
from dropbox.reporter.errors import VisitError
from dropbox.reporter.exchange import fetch_bulletin, fetch_publication
from dropbox.reporter.transport import Transport
from dropbox.web.languages import language_in_path

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


async def show_first(request: web.Request) -> web.Response:
    """Send whoever names a language without a page to its first one."""
    raise web.HTTPFound(path(Page.START, language_in_path(request.path)))


async def show_start(request: web.Request) -> web.Response:
    """The first page; without a language in the path, in the first one.

    `Accept-Language` is not looked at: it is a fingerprint.
    """
    site, language = request.app[SITE], language_in_path(request.path)
    publication = await _publication(site, request.app[TRANSPORT])
    html = site.draw(
        "start.html",
        language,
        Page.START,
        read_day=publication.mailboxes_read_day or None if publication else None,  # 0: not yet
        notices=[item.text for item in publication.notices if item.language == language.code] if publication else [],
        authorities=AUTHORITIES,
    )
    return site.public(request, html)


async def show_how(request: web.Request) -> web.Response:
    """How it works, and what we cannot protect a reporter from."""
    site, language = request.app[SITE], language_in_path(request.path)
    return site.public(request, site.draw("how.html", language, Page.HOW))


async def _publication(site: Site, transport: Transport) -> Publication | None:
    """What the bureau published, or None: the first page must stand also when nothing else does."""
    try:
        now = site.clock()
        bulletin = await fetch_bulletin(transport, site.settings.root_key, now)
        return await fetch_publication(transport, bulletin, now)
    except (VisitError, ProtocolError):
        return None
