"""Errors as pages: what happened, whose fault it is, what to do. Texts, for any server."""

from dataclasses import dataclass

from dropbox.web.catalogues import mark


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

BY_STATUS = {failure.status: failure for failure in (NOT_FOUND, WRONG_METHOD, UNREADABLE, TOO_LARGE, REFUSED)}


def place_of(error: BaseException) -> str:
    """Where an error arose, function and line: what may be told of one whose text may quote a visitor."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "unknown" if trace is None else f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
