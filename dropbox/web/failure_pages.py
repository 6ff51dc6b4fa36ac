"""Errors as pages, in the language of the path: a middleware."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from dropbox.web.errors import RefusedRequest
from dropbox.web.failures import BY_STATUS, OUR_FAULT, REFUSED, UNREADABLE, Failure, place_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DrawFailure = Callable[[web.Request, Failure], web.StreamResponse]

_log = logging.getLogger("dropbox.web")


def log_at_once(sentence: str) -> None:
    """Log a failure when it happens: for pages whose visitors are known. Others use a `dropbox.web.tally.Tally`."""
    _log.error("%s", sentence)


def failure_pages(draw: DrawFailure, failed: Callable[[str], None] = log_at_once) -> Middleware:
    """Return a middleware that turns every error into a page made by `draw`.

    Redirects pass. `failed` is told of an unexpected exception by its type and the place where it arose, never by its
    text: that may quote what a visitor sent.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as answer:
            if answer.status < web.HTTPBadRequest.status_code:
                raise
            return draw(request, BY_STATUS.get(answer.status, UNREADABLE))
        except RefusedRequest:
            return draw(request, REFUSED)
        except ConnectionError:
            raise  # the visitor is gone: nobody is left to read a page
        except Exception as error:
            if request.writer.output_size > 0:
                raise  # the answer has begun: a page behind half a file would only damage it
            failed(f"a page failed: {type(error).__name__} at {place_of(error)}")
            return draw(request, OUR_FAULT)

    return middleware
