"""Who gets in: the gate of the desk's pages."""

from typing import Final

from dropbox.bureau.errors import LockedError, UnknownCaseError, UnknownFileError
from dropbox.bureau.pages.paths import Page
from dropbox.bureau.pages.site import COOKIE, View
from dropbox.web.catalogues import mark
from dropbox.web.failures import Failure
from dropbox.web.gate import Gate, Refusals, only_loopback_names

_GONE: Final = Failure(
    404,
    mark("This case or file is not here"),
    mark("It was never here, or it has been discarded."),
    mark("Go back to the list of reports."),
)

GATE: Final = Gate(View.of, COOKIE, Page.SIGN_IN, kept_fields=("text", "summary", "ask", "not_do", "words"))

only_loopback: Final = only_loopback_names("desk")
know_the_session: Final = GATE.know_the_session(Refusals((UnknownCaseError, UnknownFileError), _GONE, LockedError))
