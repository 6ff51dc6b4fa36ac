"""What an auditor asks for is what a browser asks for: recorded at the gateway, side by side, request by request."""

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dropbox.auditor import cli, looking, pages
from dropbox.auditor.looking import Feet
from dropbox.auditor.settings import load
from dropbox.auditor.visiting import Itinerary
from tests.auditor.host import Host, Request
from tests.browser.driver import Browser, wait_for
from tests.browser.sealing import LATE, window_of

WORDS = "abandon amount liar amount expire adjust cage candy arch gather drum rescue"
QUIET = 1  # seconds in which what a browser still asks for shows


def asked(requests: list[Request]) -> list[str]:
    """Method and path, uploads without their numbers.  Of what a script fetches at once either may come first."""
    found = [f"{one.method} {'/v1/uploads/ID' if 'uploads' in one.path else one.path}" for one in requests]
    for at, (left, right) in enumerate(itertools.pairwise(list(found))):
        if "/static/words-" in left and ("teksten" in right or "texts" in right):
            found[at : at + 2] = [right, left]
    return found


def _record(host: Host, browser: Browser, base: str, visit: Callable[[Browser, str], bool]) -> list[str]:
    """What a browser asks for in a visit."""
    host.between.asked.clear()
    assert visit(browser, base), "the script came too late"
    time.sleep(QUIET)
    return asked(host.between.asked)


def _arrived(browser: Browser, line: str) -> bool:
    wait_for("the place", lambda: any(one in browser.text() for one in (line, *LATE)))
    return line in browser.text()


def _reads(browser: Browser, base: str) -> bool:
    browser.open(base + "/nl/")
    browser.follow("Antwoord lezen")
    if not _arrived(browser, "Geopend in uw browser."):
        return False
    browser.fill("Uw twaalf woorden", WORDS)
    browser.click("Antwoord lezen")
    wait_for("the answers", lambda: "Nog niets voor deze woorden" in browser.text())
    return True


def _reports(browser: Browser, base: str) -> bool:
    browser.open(base + "/nl/")
    browser.follow("Iets melden")
    if not _arrived(browser, "Verzegeld in uw browser."):
        return False
    browser.fill("Wat is er gebeurd?", "Er klopt iets niet.")
    browser.click("Verzegelen en versturen")
    wait_for("the next page", lambda: "Uw melding is verzegeld en verstuurd" in browser.text())
    return True


@pytest.mark.timeout(600)  # stops a test that hangs
async def test_reading_asks_for_what_a_browser_asks_for(host: Host, tmp_path: Path) -> None:
    with host.between.on_port() as base, window_of("firefox_safer", tmp_path) as browser:
        of_browser = _record(host, browser, base, _reads)
    host.between.asked.clear()
    settings = load(host.config())
    itinerary = Itinerary("nl", (pages.START["nl"], pages.READ["nl"]), reads=True)
    await looking.visit(settings, itinerary, Feet(os.urandom, hurried=True), [])
    assert asked(host.between.asked) == of_browser
    assert of_browser[-3:] == ["GET /v1/bulletin", "GET /v1/boards", "GET /v1/publication"]


@pytest.mark.timeout(600)  # stops a test that hangs
def test_a_canary_asks_for_what_a_browser_asks_for_that_reports(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with host.between.on_port() as base, window_of("firefox_safer", tmp_path) as browser:
        of_browser = _record(host, browser, base, _reports)
    config = host.config()
    assert cli.main(["look", "--config", str(config), "--hurried"]) == 0  # so that it knows the root key
    monkeypatch.setattr("dropbox.auditor.canaries.below", lambda _limit, _random: 0)  # in Dutch
    host.between.asked.clear()
    assert cli.main(["canary", "--config", str(config), "--hurried"]) == 0
    assert asked(host.between.asked) == of_browser
    assert of_browser[-2:] == ["GET /v1/bulletin", "PUT /v1/uploads/ID"]


def test_whatever_the_host_serves_the_next_request_is_the_same(host: Host) -> None:
    config = host.config()
    assert cli.main(["witness", "--config", str(config), "--hurried"]) == 0
    good = {one.path for one in host.between.asked if one.path.startswith("/v1/")}
    host.between.asked.clear()
    host.intake.static["/v1/bulletin"] = b"{}"
    assert cli.main(["witness", "--config", str(config), "--hurried"]) == 1
    assert {one.path for one in host.between.asked if one.path.startswith("/v1/")} == good
