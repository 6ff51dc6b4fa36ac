"""The inbox's web application: pages for the ministry's integrity coordinator, on loopback only."""

import secrets
import time
from collections.abc import Callable
from typing import Final

from aiohttp import web

from dropbox.ministry.inbox import Inbox
from dropbox.ministry.pages import account, cards, sign_in
from dropbox.ministry.pages.gate import GATE, know_the_session, only_loopback
from dropbox.ministry.pages.paths import Page, path, pattern
from dropbox.ministry.pages.site import PACKAGE, SITE, Site, View
from dropbox.ministry.sync import Sync
from dropbox.ministry.views import Person
from dropbox.web import assets, headers, static
from dropbox.web.attempts import Attempts
from dropbox.web.failure_pages import Handler, failure_pages
from dropbox.web.failures import Failure
from dropbox.web.languages import LANGUAGES
from dropbox.web.routing import add_routes
from dropbox.web.sessions import Sessions, end_idle
from dropbox.web.sign_in import setup
from dropbox.web.signed_in import IDLE_SECONDS
from dropbox.web.templating import Templates

FORM_BYTES: Final = 128 * 1024
"""The largest form: far above what an answer may hold, so that a text that is too long comes back whole."""

_NAMES: Final = {"{card}": "{card:[0-9a-f]{16}}", "{name}": "{name:[0-9a-f]{32}}"}

_SHOWN: Final[dict[Page, Handler]] = {
    Page.INBOX: GATE.page(cards.show_list),
    Page.SIGN_IN: sign_in.SIGN_IN.show,
    Page.ACCOUNT: GATE.page(account.show),
    Page.CARD: GATE.page(cards.show_card),
    Page.PROOF: GATE.page(cards.proof),
}
_SUBMITTED: Final[dict[Page, Handler]] = {
    Page.SIGN_IN: sign_in.SIGN_IN.submit,
    Page.SIGN_OUT: GATE.form(sign_in.SIGN_IN.sign_out),
    Page.ACCOUNT: GATE.form(account.change),
    Page.CARD: GATE.form(cards.answer),
    Page.DISMISS: GATE.form(cards.dismiss),
}


def create_app(
    inbox: Inbox,
    sync: Sync,
    *,
    clock: Callable[[], float] = time.monotonic,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> web.Application:
    """Make the application; serve it on loopback only (`dropbox.web.serving.QuietRunner`).

    `clock` counts seconds and never goes back; it times sessions and wrong sign-ins. When the application stops,
    every session ends and the keyring locks.
    """
    sessions: Sessions[Person] = Sessions(clock, random, IDLE_SECONDS, inbox.sign_out)
    app = web.Application(
        client_max_size=FORM_BYTES, middlewares=[only_loopback, failure_pages(_draw_failure), know_the_session]
    )
    headers.install(app)
    stylesheet = assets.bundle("inbox", ("dropbox.web", "kit.css"), (PACKAGE, "inbox.css"))
    static.add_route(app, stylesheet)
    app[SITE] = Site(Templates(PACKAGE), stylesheet, sessions, Attempts(clock), inbox, sync)
    setup(app)
    end_idle(app, sessions)
    app.router.add_get("/", _first_page)
    add_routes(app, pattern, _NAMES, shown=_SHOWN, submitted=_SUBMITTED)
    return app


async def _first_page(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther(path(Page.INBOX, LANGUAGES[0]))


def _draw_failure(request: web.Request, failure: Failure) -> web.StreamResponse:
    return View.of(request).failure(failure)
