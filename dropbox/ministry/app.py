"""The inbox's web application: pages for the ministry's integrity coordinator, on loopback only."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import web

from dropbox.ministry.inbox import Inbox
from dropbox.ministry.pages import account, cards, sign_in
from dropbox.ministry.pages.attempts import Attempts
from dropbox.ministry.pages.forms import FORM_BYTES
from dropbox.ministry.pages.gate import Handler, form, know_the_session, only_loopback_names, page
from dropbox.ministry.pages.paths import Page, path, pattern
from dropbox.ministry.pages.site import IDLE_SECONDS, PACKAGE, SITE, Site, View, bundle
from dropbox.ministry.sync import Sync
from dropbox.ministry.views import Person
from dropbox.web import headers, static
from dropbox.web.failures import Failure, failure_pages
from dropbox.web.languages import LANGUAGES, Language
from dropbox.web.sessions import Sessions
from dropbox.web.templating import Templates

SWEEP_SECONDS: Final = 30
"""How often idle sessions are looked for, so that a keyring does not stay open until somebody comes along."""

_NAMES: Final = {"{card}": "{card:[0-9a-f]{16}}", "{name}": "{name:[0-9a-f]{32}}"}

_SHOWN: Final[dict[Page, Handler]] = {
    Page.INBOX: page(cards.show_list),
    Page.SIGN_IN: sign_in.show,
    Page.ACCOUNT: page(account.show),
    Page.CARD: page(cards.show_card),
    Page.PROOF: page(cards.proof),
}
_SUBMITTED: Final[dict[Page, Handler]] = {
    Page.SIGN_IN: sign_in.submit,
    Page.SIGN_OUT: form(sign_in.sign_out),
    Page.ACCOUNT: form(account.change),
    Page.CARD: form(cards.answer),
    Page.DISMISS: form(cards.dismiss),
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
        client_max_size=FORM_BYTES, middlewares=[only_loopback_names, failure_pages(_draw_failure), know_the_session]
    )
    headers.install(app)
    stylesheet = bundle("inbox", ("dropbox.web", "kit.css"), (PACKAGE, "inbox.css"))
    static.add_route(app, stylesheet)
    app[SITE] = Site(inbox, sync, Templates(PACKAGE), stylesheet, sessions, Attempts(clock))
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
