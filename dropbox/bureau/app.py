"""The desk's web application: pages for the people of the bureau, on loopback only."""

import secrets
import time
from collections.abc import Callable
from typing import Final

from aiohttp import web

from dropbox.bureau.desk import Desk
from dropbox.bureau.pages import account, card, case, inbox, sign_in, writing
from dropbox.bureau.pages.card import BATCHES, Batches
from dropbox.bureau.pages.gate import GATE, know_the_session, only_loopback
from dropbox.bureau.pages.paths import Page, path, pattern
from dropbox.bureau.pages.site import PACKAGE, SITE, Person, Site, View
from dropbox.bureau.settings import Settings
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

FORM_BYTES: Final = 256 * 1024
"""The largest form: a card or a note, far above what either may hold, so that a refused text comes back whole."""

_NAMES: Final = {"{case}": "{case:[0-9a-f]{32}}", "{file}": "{file:[0-9a-f]{8,64}}",
                 "{kind}": "{kind:reply|status|question|notice}"}  # fmt: skip

_SHOWN: Final[dict[Page, Handler]] = {
    Page.INBOX: GATE.page(inbox.show),
    Page.SIGN_IN: sign_in.SIGN_IN.show,
    Page.ACCOUNT: GATE.page(account.show),
    Page.CASE: GATE.page(case.show),
    Page.WRITE: GATE.page(writing.show),
    Page.DISCARD: GATE.page(case.ask_discard),
    Page.CARD: GATE.page(card.show),
}
_SUBMITTED: Final[dict[Page, Handler]] = {
    Page.SIGN_IN: sign_in.SIGN_IN.submit,
    Page.SIGN_OUT: GATE.form(sign_in.SIGN_IN.sign_out),
    Page.ACCOUNT: GATE.form(account.change),
    Page.WRITE: GATE.form(writing.submit),
    Page.FILE: GATE.form(case.download),
    Page.DISCARD: GATE.form(case.discard),
    Page.CARD: GATE.form(card.submit),
}


def create_app(
    desk: Desk,
    settings: Settings,
    *,
    clock: Callable[[], float] = time.monotonic,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> web.Application:
    """Make the application; serve it on loopback only (`dropbox.web.serving.QuietRunner`).

    `clock` counts seconds and never goes back; it times sessions and wrong sign-ins. When the application stops,
    every session ends and the keyring locks.
    """
    sessions: Sessions[Person] = Sessions(clock, random, IDLE_SECONDS, lambda person: desk.sign_out(person.handler))
    app = web.Application(
        client_max_size=FORM_BYTES, middlewares=[only_loopback, failure_pages(_draw_failure), know_the_session]
    )
    headers.install(app)
    stylesheet = assets.bundle("desk", ("dropbox.web", "kit.css"), (PACKAGE, "desk.css"))
    static.add_route(app, stylesheet)
    app[SITE] = Site(Templates(PACKAGE), stylesheet, sessions, Attempts(clock), desk, random)
    app[BATCHES] = Batches(settings.cards_per_batch, settings.card_period)
    setup(app)
    end_idle(app, sessions)
    app.router.add_get("/", _first_page)
    add_routes(app, pattern, _NAMES, shown=_SHOWN, submitted=_SUBMITTED)
    return app


async def _first_page(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther(path(Page.INBOX, LANGUAGES[0]))


def _draw_failure(request: web.Request, failure: Failure) -> web.StreamResponse:
    return View.of(request).failure(failure)
