"""Response headers: everything is forbidden unless a view asks for less.

`install(app)` adds them to every response of the application, also to those that the router or an exception made.
"""

from aiohttp import web

from dropbox.web.policy import NOTHING, Allowed, headers_of

_ALLOWED = web.ResponseKey("allowed", Allowed)


def allow(response: web.StreamResponse, allowed: Allowed) -> None:
    """Let this one response do what `allowed` says; call it before the response is prepared."""
    response[_ALLOWED] = allowed


def strip_identity(response: web.StreamResponse) -> None:
    """Take away what names the software and its version, and the server's clock (its skew tells hosts apart)."""
    response.headers.popall("Server", None)
    response.headers.popall("Date", None)


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(headers_of(response.get(_ALLOWED, NOTHING)))
    strip_identity(response)


def install(app: web.Application) -> None:
    """Make safety the default of every response that `app` sends."""
    app.on_response_prepare.append(_add_headers)
