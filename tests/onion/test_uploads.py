"""Uploads over circuits that break: sent again, nothing comes twice and nothing is lost."""

import os
import socket
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

import pytest
from python_socks import ProxyError

from deploy.demo.tornet.node import Node
from dropbox.gateway.transport import IntakeTransport
from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.payload import Message
from dropbox.protocol.receipt import Receipt
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import HostAway
from dropbox.reporter.exchange import Outgoing, Sending, fetch_bulletin
from tests.browser.driver import wait_for
from tests.browser.windows import OpenWindow
from tests.onion.again import BROKEN, SENT, wait_until_sent
from tests.onion.conftest import Reachable
from tests.onion.desk import cases_with, download, wait_for_all
from tests.onion.through_tor import connect, connect_again
from tests.system import raw
from tests.system.people import Handler, Reporter
from tests.system.scenes import digest

pytestmark = pytest.mark.timeout(1200)  # stops a test that hangs; a busy machine takes its time

SIZE: Final = 50_000_000
PIECE: Final = 1 << 20


def test_50_megabytes_whose_circuit_is_closed_half_way_are_sent_again_and_arrive_once(
    shared: Reachable, open_firefox: OpenWindow, people_folder: Path
) -> None:
    text, file = f"Halverwege {token_hex(8)}", people_folder / "opname.bin"
    file.write_bytes(os.urandom(SIZE))
    reporter, handler = Reporter(shared.demo, open_firefox()), Handler(shared.demo, open_firefox())
    reporter.open_form()
    with circuits_closed_half_way(shared) as closed, suppress(*BROKEN):
        reporter.report(text, files=[file])
    assert closed, "nothing was interrupted"
    wait_until_sent(reporter)
    assert reporter.browser.words() == reporter.paper
    handler.sign_in()
    wait_for_all(handler, shared)
    (number,) = cases_with(handler, text)
    assert [digest(one) for one in download(handler, number)] == [digest(file)]


@contextmanager
def circuits_closed_half_way(instance: Reachable) -> Iterator[list[int]]:
    """Close every visitor's circuit when intake has part of the file; give how many were closed."""
    store, closed = instance.demo.folder / "intake", []
    before = stored(store)

    def strike() -> None:
        wait_for("part of the file", lambda: stored(store) > before + SIZE // 5)
        closed.append(instance.close_circuits())

    striker = threading.Thread(target=strike)
    striker.start()
    try:
        yield closed
    finally:
        striker.join()


def stored(folder: Path) -> int:
    """Return how many bytes the files in a folder have; some go while we look."""
    total = 0
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


def test_a_report_sent_again_after_its_circuit_was_closed_before_the_answer_comes_once(
    shared: Reachable, open_chromium: OpenWindow
) -> None:
    text, isolate = f"Zonder antwoord {token_hex(8)}", token_hex(8)
    form = raw.fetch_form(shared.url, connect(shared.visitors, shared.host, isolate=isolate))
    content = os.urandom(PIECE)
    line = connect(shared.visitors, shared.host, isolate=isolate)
    raw.send(shared.url, form, text, [content], PIECE, line=line, hang_up=True)
    shared.close_circuits()
    handler = Handler(shared.demo, open_chromium())
    handler.sign_in()
    line = connect_again(shared.visitors, shared.host, isolate=isolate)
    answer = raw.send(shared.url, form, text, [content], PIECE, line=line)
    assert SENT in answer
    wait_for_all(handler, shared)
    (number,) = cases_with(handler, text)
    assert [one.read_bytes() for one in download(handler, number)] == [content]


class OverTor(IntakeTransport):
    """A client that seals on the reporter's machine, and uploads through the gateway under an id of its own."""

    def __init__(self, client: Node, host: str) -> None:
        super().__init__(Path(), seconds=240)
        self._client, self._host = client, host
        self.lines = 0

    def connect(self) -> socket.socket:
        """Connect through tor."""
        try:
            line = connect(self._client, self._host, isolate="client")
        except (ProxyError, OSError) as error:
            raise HostAway from error
        self.lines += 1
        return line


def test_an_upload_goes_on_under_its_id_after_its_circuit_was_closed(
    shared: Reachable, open_chromium: OpenWindow
) -> None:
    text, content = f"Hervat {token_hex(8)}", os.urandom(8 * PIECE)
    with OverTor(shared.visitors, shared.host) as transport:
        root = RootPublicKey.from_hex(tomllib.loads((shared.demo.folder / "gateway.toml").read_text())["root_key"])
        bulletin = run(fetch_bulletin(transport, root, int(time.time())))
        outgoing = Outgoing(Receipt(os.urandom(15)), os.urandom(16), known=False)
        sending = Sending(transport, bulletin, outgoing, os.urandom)
        run(sending.begin(Message(text, language="nl")))
        run(sending.begin_file("opname.bin"))
        for place in range(0, len(content), PIECE):
            run(sending.file_data(content[place : place + PIECE]))
            if place == 4 * PIECE:
                assert shared.close_circuits()
        run(sending.end_file())
        run(sending.finish())
        assert transport.lines > 1
    handler = Handler(shared.demo, open_chromium())
    handler.sign_in()
    wait_for_all(handler, shared)
    (number,) = cases_with(handler, text)
    assert [one.read_bytes() for one in download(handler, number)] == [content]
