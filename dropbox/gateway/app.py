"""The gateway as an aiohttp application: routes, headers, error pages. It keeps nothing of a visit."""

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from dropbox.gateway import public_pages, read_pages, report_pages
from dropbox.gateway.paths import Page, path
from dropbox.gateway.settings import Settings
from dropbox.gateway.site import SITE, TRANSPORT, Site
from dropbox.gateway.transport import IntakeTransport
from dropbox.reporter.transport import Transport
from dropbox.web import headers, static
from dropbox.web.catalogues import KIT
from dropbox.web.failures import failure_pages, log_at_once
from dropbox.web.languages import LANGUAGES
from dropbox.web.templating import Templates

PACKAGE = "dropbox.gateway"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_SHOWN: dict[Page, _Handler] = {
    Page.START: public_pages.show_start,
    Page.HOW: public_pages.show_how,
    Page.REPORT: report_pages.show_report,
    Page.READ: read_pages.show_read,
}
_SENT: dict[Page, _Handler] = {
    Page.REPORT: report_pages.send_report,
    Page.READ: read_pages.read,
    Page.ANSWER: read_pages.send_answer,
    Page.QR: report_pages.show_qr,
}


def make_app(
    settings: Settings,
    clock: Callable[[], int],
    random: Callable[[int], bytes],
    transport: Transport | None = None,
) -> web.Application:
    """Return the application. `clock` gives Unix seconds, `random(n)` n bytes; `transport` is intake's socket unless
    a test gives another.
    """
    return app_of(make_site(settings, clock, random), transport)


def make_site(settings: Settings, clock: Callable[[], int], random: Callable[[int], bytes]) -> Site:
    """Return what views need. It is costly to make, holds nothing of a visit, and may be shared by applications."""
    return Site(settings, Templates(PACKAGE), static.load(KIT, "kit.css"), clock, random)


def app_of(
    site: Site, transport: Transport | None = None, failed: Callable[[str], None] = log_at_once
) -> web.Application:
    """Return an application of its own around `site`. `failed` is told what went wrong on our side."""
    app = web.Application(middlewares=[failure_pages(site.failure, failed)])
    app[SITE] = site
    headers.install(app)
    static.add_route(app, site.stylesheet)
    app.router.add_get("/", public_pages.show_start)  # no redirect: it would be a third request
    for language in LANGUAGES:
        app.router.add_get(f"/{language.code}", public_pages.show_first)
        for page, handler in _SHOWN.items():
            app.router.add_get(path(page, language), handler)
        for page, handler in _SENT.items():
            app.router.add_post(path(page, language), handler)
    if transport is not None:
        app[TRANSPORT] = transport
    else:
        app.cleanup_ctx.append(_connect)
    return app


async def _connect(app: web.Application) -> AsyncIterator[None]:
    """Open the way to intake when the server starts: after a fork, so that each process has its own."""
    settings = app[SITE].settings
    async with IntakeTransport(settings.intake_socket, settings.intake_seconds) as transport:
        app[TRANSPORT] = transport
        yield
