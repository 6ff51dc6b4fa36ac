"""A reporter whose line broke while sending, and who tries until the page says that it has arrived."""

from contextlib import suppress
from typing import Final

from tests.browser import chromium, firefox
from tests.browser.driver import PATIENCE, NotOnPage, wait_for
from tests.system.people import Reporter

SENT: Final = "Uw melding is verzegeld en verstuurd"
BROKEN: Final = (chromium.NO_PAGE, firefox.NO_PAGE, NotOnPage)
"""What the drivers raise on an error page of the browser's, on a page that is being replaced, and when none comes."""


def wait_until_sent(reporter: Reporter) -> None:
    """Send the same form with the same words until it has arrived; tor may hold one attempt up for minutes."""
    wait_for("the report, sent again", lambda: _sent(reporter), 3 * PATIENCE)


def _sent(reporter: Reporter) -> bool:
    with suppress(*BROKEN):
        if SENT in reporter.browser.text():
            return True
        if (send := reporter.say("Seal and send")) in reporter.browser.text():  # nothing came of it: the form stands
            reporter.browser.submit(send)
        else:
            reporter.browser.reload()
        return SENT in reporter.browser.text()
    return False
