"""Errors as pages: what happened, whose fault it is, what to do; in the language of the path."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

from dropbox.web.catalogues import mark
from dropbox.web.errors import RefusedRequest

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DrawFailure = Callable[[web.Request, "Failure"], web.StreamResponse]

_log = logging.getLogger("dropbox.web")


def log_at_once(sentence: str) -> None:
    """Log a failure when it happens: for pages whose visitors are known. Others use a `dropbox.web.tally.Tally`."""
    _log.error("%s", sentence)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error page's content: marked messages (see `catalogues.mark`) that the page translates."""

    status: int
    title: str
    happened: str
    todo: str


NOT_FOUND = Failure(
    404,
    mark("This page does not exist"),
    mark("There is nothing at this address. Perhaps a character is missing, or the page has moved."),
    mark("Check the address, or begin at the first page."),
)
WRONG_METHOD = Failure(
    405,
    mark("This page cannot be used in this way"),
    mark("Your browser asked for this page in a way that it does not know."),
    mark("Go to the first page and follow the links from there."),
)
UNREADABLE = Failure(
    400,
    mark("We could not read what your browser sent"),
    mark("The form came in damaged or incomplete. The connection may have broken off."),
    mark("Nothing was kept. Go back one page and send the form again."),
)
TOO_LARGE = Failure(
    413,
    mark("This is too large"),
    mark("Your browser sent more than this page takes in."),
    mark("Nothing was kept. Go back one page, make it smaller and send it again."),
)
REFUSED = Failure(
    403,
    mark("This form is no longer valid"),
    mark("You may have been signed out, or the form came from another site."),
    mark("Nothing was changed. Open the page again and try once more."),
)
OUR_FAULT = Failure(
    500,
    mark("Something went wrong on our side"),
    mark("This is our fault, not yours."),
    mark("Please try again in an hour. If it happens again, use one of the other ways to report."),
)

_BY_STATUS = {failure.status: failure for failure in (NOT_FOUND, WRONG_METHOD, UNREADABLE, TOO_LARGE, REFUSED)}


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
            return draw(request, _BY_STATUS.get(answer.status, UNREADABLE))
        except RefusedRequest:
            return draw(request, REFUSED)
        except ConnectionError:
            raise  # the visitor is gone: nobody is left to read a page
        except Exception as error:
            if request.writer.output_size > 0:
                raise  # the answer has begun: a page behind half a file would only damage it
            failed(f"a page failed: {type(error).__name__} at {_place(error)}")
            return draw(request, OUR_FAULT)

    return middleware


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "unknown" if trace is None else f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
