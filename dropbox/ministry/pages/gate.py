"""Who gets in: the name in the Host header, the session, and where a form came from."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from dropbox.ministry.errors import LockedError, UnknownCardError
from dropbox.ministry.pages.forms import Form, read_form
from dropbox.ministry.pages.paths import Page
from dropbox.ministry.pages.site import COOKIE, SESSION, View
from dropbox.web.catalogues import mark
from dropbox.web.failures import Failure
from dropbox.web.sessions import CSRF_FIELD, check_csrf, check_same_site

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PageView = Callable[[View], Awaitable[web.StreamResponse]]
FormView = Callable[[View, Form], Awaitable[web.StreamResponse]]

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

_GONE: Final = Failure(
    404,
    mark("This card is not here"),
    mark("The address names a card that never came to this inbox."),
    mark("Go back to the list of cards."),
)


@web.middleware
async def only_loopback_names(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a foreign name: a page elsewhere whose name was pointed at 127.0.0.1 must not read the inbox."""
    host = request.headers.get("Host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    if name.lower() not in LOOPBACK_NAMES:
        return web.Response(status=421, text="The inbox answers only under 127.0.0.1, [::1] or localhost.")
    return await handler(request)


@web.middleware
async def know_the_session(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find the session of the request, and turn what the inbox refuses into pages."""
    view = View.of(request)
    session = view.site.sessions.find(COOKIE.read(request))
    if session is not None:
        request[SESSION] = session
    try:
        return await handler(request)
    except UnknownCardError:
        return View.of(request).failure(_GONE)
    except LockedError:
        view.site.sessions.close(COOKIE.read(request))
        raise web.HTTPSeeOther(view.url(Page.SIGN_IN)) from None


def page(view: PageView) -> Handler:
    """Return the handler of a page for people who are signed in; others are sent to the sign-in page."""

    async def handle(request: web.Request) -> web.StreamResponse:
        mine = View.of(request)
        if mine.session is None:
            raise web.HTTPSeeOther(mine.url(Page.SIGN_IN))
        return await view(mine)

    return handle


def form(view: FormView) -> Handler:
    """Return the handler of a form for people who are signed in.

    A form without a session changes nothing, but what was typed comes back: fifteen minutes pass quickly over a
    careful answer.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        mine = View.of(request)
        check_same_site(request)
        fields = await read_form(request)
        if mine.session is None:
            return mine.draw("signed_out.html", None, status=403, typed=fields.text("text"))
        check_csrf(mine.session, fields.raw(CSRF_FIELD))
        return await view(mine, fields)

    return handle
