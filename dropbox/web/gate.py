"""Who gets in where people sign in: the name in the Host header, the session, and where a form came from."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from aiohttp import web
from aiohttp.typedefs import Middleware

from dropbox.web.failure_pages import Handler
from dropbox.web.failures import Failure
from dropbox.web.form_reading import Form, read_form
from dropbox.web.same_site import check_same_site
from dropbox.web.sessions import CSRF_FIELD, SessionCookie, check_csrf
from dropbox.web.signed_in import SESSION, SignedInView

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

View = TypeVar("View", bound=SignedInView[Any, Any])


def only_loopback_names(role: str) -> Middleware:
    """Return a middleware that refuses a foreign name.

    A page elsewhere whose name was pointed at 127.0.0.1 must not read what stands here.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get("Host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name.lower() not in LOOPBACK_NAMES:
            return web.Response(status=421, text=f"The {role} answers only under 127.0.0.1, [::1] or localhost.")
        return await handler(request)

    return middleware


@dataclass(frozen=True)
class Refusals:
    """What a role's facade raises, and what becomes of it."""

    gone: tuple[type[Exception], ...]
    """What the address names is not here: `gone_page` says so."""

    gone_page: Failure

    locked: type[Exception]
    """The keys were locked meanwhile: the session ends, and the sign-in page follows."""


@dataclass(frozen=True)
class Gate(Generic[View]):
    """The gate of one role's pages."""

    view_of: Callable[[web.Request], View]
    cookie: SessionCookie

    sign_in: object
    """The sign-in page, as `View.url` takes it."""

    kept_fields: tuple[str, ...]
    """What people type at length: given back when their session ended meanwhile."""

    def know_the_session(self, refusals: Refusals) -> Middleware:
        """Return a middleware that finds the session of the request, and turns what the facade refuses into pages."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            view = self.view_of(request)
            session = view.site.sessions.find(self.cookie.read(request))
            if session is not None:
                request[SESSION] = session
            try:
                return await handler(request)
            except refusals.gone:
                return self.view_of(request).failure(refusals.gone_page)
            except refusals.locked:
                view.site.sessions.close(self.cookie.read(request))
                raise web.HTTPSeeOther(view.url(self.sign_in)) from None

        return middleware

    def page(self, view: Callable[[View], Awaitable[web.StreamResponse]]) -> Handler:
        """Return the handler of a page for people who are signed in; others are sent to the sign-in page."""

        async def handle(request: web.Request) -> web.StreamResponse:
            mine = self.view_of(request)
            if mine.session is None:
                raise web.HTTPSeeOther(mine.url(self.sign_in))
            return await view(mine)

        return handle

    def form(self, view: Callable[[View, Form], Awaitable[web.StreamResponse]]) -> Handler:
        """Return the handler of a form for people who are signed in.

        A form without a session changes nothing, but what was typed comes back: fifteen minutes pass quickly over a
        careful text.
        """

        async def handle(request: web.Request) -> web.StreamResponse:
            mine = self.view_of(request)
            check_same_site(request.headers)
            fields = await read_form(request)
            if mine.session is None:
                typed = [fields.typed(name) for name in self.kept_fields if fields.text(name)]
                return mine.draw("signed_out.html", None, status=403, typed=typed)
            check_csrf(mine.session, fields.raw(CSRF_FIELD))
            return await view(mine, fields)

        return handle
