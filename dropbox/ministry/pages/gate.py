"""Who gets in: the gate of the inbox's pages."""

from typing import Final

from dropbox.ministry.errors import LockedError, UnknownCardError
from dropbox.ministry.pages.paths import Page
from dropbox.ministry.pages.site import COOKIE, View
from dropbox.web.catalogues import mark
from dropbox.web.failures import Failure
from dropbox.web.gate import Gate, Refusals, only_loopback_names

_GONE: Final = Failure(
    404,
    mark("This card is not here"),
    mark("The address names a card that never came to this inbox."),
    mark("Go back to the list of cards."),
)

GATE: Final = Gate(View.of, COOKIE, Page.SIGN_IN, kept_fields=("text",))

only_loopback: Final = only_loopback_names("inbox")
know_the_session: Final = GATE.know_the_session(Refusals((UnknownCardError,), _GONE, LockedError))
