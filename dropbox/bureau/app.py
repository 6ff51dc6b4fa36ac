"""The desk's web application: pages for the people of the bureau, on loopback only."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import web

from dropbox.bureau.desk import Desk
from dropbox.bureau.pages import account, card, case, inbox, sign_in, writing
from dropbox.bureau.pages.attempts import Attempts
from dropbox.bureau.pages.card import BATCHES, Batches
from dropbox.bureau.pages.forms import FORM_BYTES
from dropbox.bureau.pages.gate import Handler, form, know_the_session, only_loopback_names, page
from dropbox.bureau.pages.paths import Page, path, pattern
from dropbox.bureau.pages.site import IDLE_SECONDS, PACKAGE, SITE, Person, Site, View, bundle
from dropbox.bureau.settings import Settings
from dropbox.web import headers, static
from dropbox.web.failures import Failure, failure_pages
from dropbox.web.languages import LANGUAGES, Language
from dropbox.web.sessions import Sessions
from dropbox.web.templating import Templates

SWEEP_SECONDS: Final = 30
"""How often idle sessions are looked for, so that a keyring does not stay open until somebody comes along."""

_NAMES: Final = {"{case}": "{case:[0-9a-f]{32}}", "{file}": "{file:[0-9a-f]{8,64}}",
                 "{kind}": "{kind:reply|status|question|notice}"}  # fmt: skip

_SHOWN: Final[dict[Page, Handler]] = {
    Page.INBOX: page(inbox.show),
    Page.SIGN_IN: sign_in.show,
    Page.ACCOUNT: page(account.show),
    Page.CASE: page(case.show),
    Page.WRITE: page(writing.show),
    Page.DISCARD: page(case.ask_discard),
    Page.CARD: page(card.show),
}
_SUBMITTED: Final[dict[Page, Handler]] = {
    Page.SIGN_IN: sign_in.submit,
    Page.SIGN_OUT: form(sign_in.sign_out),
    Page.ACCOUNT: form(account.change),
    Page.WRITE: form(writing.submit),
    Page.FILE: form(case.download),
    Page.DISCARD: form(case.discard),
    Page.CARD: form(card.submit),
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
        client_max_size=FORM_BYTES, middlewares=[only_loopback_names, failure_pages(_draw_failure), know_the_session]
    )
    headers.install(app)
    stylesheet = bundle("desk", ("dropbox.web", "kit.css"), (PACKAGE, "desk.css"))
    static.add_route(app, stylesheet)
    app[SITE] = Site(desk, Templates(PACKAGE), stylesheet, sessions, Attempts(clock), random)
    app[BATCHES] = Batches(settings.cards_per_batch, settings.card_period)
    sign_in.setup(app)
    app.cleanup_ctx.append(_end_idle_sessions)
    app.router.add_get("/", _first_page)
    for language in LANGUAGES:
        _add_routes(app, language)
    return app


def _add_routes(app: web.Application, language: Language) -> None:
    for where, handler in _SHOWN.items():
        app.router.add_get(_pattern(where, language), handler)
    for where, handler in _SUBMITTED.items():
        app.router.add_post(_pattern(where, language), handler)


def _pattern(where: Page, language: Language) -> str:
    address = pattern(where, language)
    for name, checked in _NAMES.items():
        address = address.replace(name, checked)
    return address


async def _first_page(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther(path(Page.INBOX, LANGUAGES[0]))


def _draw_failure(request: web.Request, failure: Failure) -> web.StreamResponse:
    return View.of(request).failure(failure)


async def _end_idle_sessions(app: web.Application) -> AsyncIterator[None]:
    sessions = app[SITE].sessions

    async def sweep() -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            sessions.sweep()

    task = asyncio.create_task(sweep())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    sessions.close_all()
