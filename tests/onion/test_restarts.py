"""Tor dies in the middle of a visit and comes back: the visit goes on, at the same address."""

from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import pytest

from deploy.demo.tornet.network import PrivateNetwork
from deploy.demo.tornet.onions import address_of
from tests.browser import chromium, windows
from tests.browser.driver import PATIENCE, wait_for
from tests.onion.again import BROKEN, wait_until_sent
from tests.onion.conftest import Reachable
from tests.onion.desk import cases_with, wait_for_all
from tests.system.people import Handler, Reporter

pytestmark = pytest.mark.timeout(1800)  # stops a test that hangs; a busy machine takes its time


def test_tor_killed_at_either_end_in_the_middle_of_a_visit_costs_patience_and_nothing_else(
    shared: Reachable, network: PrivateNetwork, people_folder: Path
) -> None:
    visitor, text, address = network.add_client("visitor"), f"Doorgegaan {token_hex(8)}", shared.host
    with windows.of_kind("chromium", people_folder, visitor.socks) as open_window:
        reporter, handler = Reporter(shared.demo, open_window()), Handler(shared.demo, open_window())
        reporter.open_form()
        shared.tor.kill()
        shared.tor.start()
        network.join_and_publish(shared.tor, shared.service)
        assert address_of(shared.service) == address
        with suppress(*BROKEN):
            reporter.report(text)
        wait_until_sent(reporter)
        assert reporter.browser.words() == reporter.paper
        visitor.kill()
        visitor.start()
        visitor.join()
        handler.sign_in()
        wait_for_all(handler, shared)
        assert len(cases_with(handler, text)) == 1
        with suppress(chromium.NO_PAGE):
            reporter.read()
        wait_for(
            "the acknowledgement",
            lambda: _says_after_read(reporter, "Het bureau heeft 1 bericht van u geopend"),
            3 * PATIENCE,
        )
    network.remove(visitor)


def _says_after_read(reporter: Reporter, text: str) -> bool:
    with suppress(chromium.NO_PAGE):
        return text in reporter.read()
    return False
