"""Desk and ministry reach intake through tor alone: every role runs where there is no network but tor's sockets."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from deploy.demo.tornet.network import PrivateNetwork
from dropbox.onion.keys import client_key, private_line
from dropbox.torlink.addresses import OnionAddress, SocksAddress
from dropbox.torlink.circuits import probe
from dropbox.torlink.errors import Fault, LinkError
from tests.bench.visitor import READ, REPORT, ReportForm, Visitor
from tests.browser.driver import wait_for
from tests.onion.apart import require
from tests.onion.offices import OFFICES, Instance, Person, instance
from tests.onion.through_tor import connect
from tests.simulators.socks import onion

pytestmark = pytest.mark.timeout(1200)  # stops a test that hangs; a busy machine takes its time

REPLY: Final = "Dank voor uw melding, wij kijken ernaar."
ANSWER: Final = "De afdrachten worden onderzocht."
CARD: Final = {
    "region": "africa",
    "category": "fraud",
    "staff": "local",
    "function": "support",
    "period": "2026",
    "evidence": "document",
    "summary": "Een medewerker zou geld uit de kas nemen.",
    "seriousness": "2",
    "ongoing": "yes",
    "retaliation": "unsure",
    "ask": "Onderzoek de afdrachten van de regio.",
    "not_do": "Geen navraag ter plaatse.",
    "answer_by": "1 March 2027",
    "consent": "yes",
    "words": "Ja, dat mag.",
    "step": "check",
}


class Reporter(Visitor):
    """A reporter's browser whose line goes through tor."""

    def __init__(self, network: PrivateNetwork, address: str) -> None:
        self._line = connect(network.client, address, isolate="reporter")


@pytest.fixture(scope="module")
def offices(network: PrivateNetwork) -> Iterator[Instance]:
    require()
    with instance(network) as running:
        yield running


def report(offices: Instance, text: str) -> str:
    """Send a report through tor; return the twelve words."""
    with Reporter(offices.network, offices.reporters) as visitor:
        page = visitor.get(REPORT)
        fields = ReportForm(page.body).filled(page.body, text)
        assert visitor.post(REPORT, fields | {"files": ""}).status == 200
    return fields["receipt"]


def read(offices: Instance, words: str) -> str:
    """Read what the board has for these words."""
    with Reporter(offices.network, offices.reporters) as visitor:
        visitor.get(READ)
        return visitor.post(READ, {"receipt": words}).body.decode()


def has_come(person: Person, part: str, known: set[str]) -> str:
    """Load the list until something new stands on it; return its address."""

    def look() -> str:
        person.get("/nl/")
        return next((link for link in person.linked(part) if link not in known), "")

    return wait_for(f"a new entry in {part}", look)


def tell(offices: Instance, text: str) -> None:
    """Report, fetch, open, reply, read, card, outcome."""
    handler, coordinator = offices.person("desk"), offices.person("ministry")
    handler.get("/nl/")
    coordinator.get("/nl/")
    known, cards = set(handler.linked("/nl/zaken/")), set(coordinator.linked("/nl/kaarten/"))
    words = report(offices, text)
    case = has_come(handler, "/nl/zaken/", known)
    assert text in handler.get(case)
    handler.get(f"{case}/schrijven/reply")
    handler.submit(f"{case}/schrijven/reply", {"text": REPLY, "step": "preview"})
    handler.submit(f"{case}/schrijven/reply", {"step": "send"})
    wait_for("the reply on the board", lambda: REPLY in read(offices, words))
    handler.get(f"{case}/kaart")
    handler.submit(f"{case}/kaart", CARD)
    handler.submit(f"{case}/kaart", {"step": "release"})
    card = has_come(coordinator, "/nl/kaarten/", cards)
    assert CARD["summary"] in coordinator.get(card)
    coordinator.submit(card, {"state": "received", "text": ANSWER})
    wait_for("the outcome at the desk", lambda: ANSWER in handler.get(case))


def test_the_whole_story_with_no_way_but_tor_and_nobody_tries_another(offices: Instance) -> None:
    tell(offices, "De chef neemt elke week geld uit de kas.")
    run, host = offices.onion.folder.parent / "run", offices.onion.folder
    intended = {
        "onion": {str(host / "control")},
        "intake": set[str](),
        "gateway": {str(run / "reporters.sock"), str(host / "circuits.sock")},
        **{office: {offices.socks(office)} for office in OFFICES},
    }
    tried = {role: offices.roles[role].tried() for role in intended}
    assert not {f"{role}: {place}" for role, found in tried.items() for place in found - intended[role]}
    assert {role for role, found in tried.items() if found} >= {"onion", "gateway", *OFFICES}, "the record is alive"


def shows(offices: Instance, role: str, sentence: str) -> None:
    """Wait until a page says this."""
    person = offices.person(role)
    wait_for(f"{sentence!r} at {role}", lambda: sentence in person.get("/nl/"))


def is_well(offices: Instance, role: str) -> None:
    """Wait until the page has no complaint of the line."""
    person = offices.person(role)
    wait_for(f"no complaint at {role}", lambda: "Tor" not in person.get("/nl/"))


async def says(socks: Path, address: str) -> Fault | None:
    """Why tor does not lead there, None when it does."""
    try:
        await probe(SocksAddress(path=str(socks)), OnionAddress(address), os.urandom)
    except LinkError as error:
        return error.fault
    return None


async def test_a_tor_without_the_key_or_with_another_one_is_refused(offices: Instance) -> None:
    own, address = offices.folder / "stranger-tor", offices.onion.address("desk")
    tor = offices.add_tor("stranger", own)
    seen = [await says(own / "socks", address)]
    while seen[-1] is Fault.NO_KEY and len(seen) < 40:
        seen.append(await says(own / "socks", address))
    assert set(seen) == {Fault.NO_KEY, Fault.NOT_YET}, "it says why until it has asked every directory"
    assert await says(own / "socks", offices.reporters) is None, "everybody may report"
    (own / "keys" / "desk.auth_private").write_text(private_line(address, client_key(os.urandom)[0]))
    offices.restart(tor)
    assert await says(own / "socks", address) is Fault.WRONG_KEY
    assert await says(own / "socks", onion("nobody has published this").name) is Fault.NOT_FOUND


def test_an_office_that_was_shut_out_is_told_so_and_works_again_when_it_is_let_in(offices: Instance) -> None:
    def restarted() -> None:
        offices.restart_host()
        for office in OFFICES:
            offices.restart(offices.tors[office])

    for office in OFFICES:
        offices.onion.keys("revoke", office, office)
    restarted()
    for office in OFFICES:
        shows(offices, office, "aanvaardt de Tor-sleutel")
        (offices.folder / f"{office}-tor" / "keys" / f"{office}.auth_private").unlink()
        offices.allow(office)
    restarted()
    for office in OFFICES:
        is_well(offices, office)
        assert offices.check(office).endswith("Nothing is wrong.\n")


def test_when_tor_is_away_nothing_else_is_tried_and_when_it_is_back_the_work_goes_on(offices: Instance) -> None:
    for role in OFFICES:
        offices.tors[role].kill()
    for role in OFFICES:
        shows(offices, role, "Tor draait niet op deze machine")
        assert offices.roles[role].tried() == {offices.socks(role)}
    for role in OFFICES:
        offices.tors[role].start()
        offices.tors[role].join()
        is_well(offices, role)
    offices.restart_host()
    tell(offices, "Opnieuw: er verdwijnt geld.")
