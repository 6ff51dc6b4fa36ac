"""What tor itself still holds in memory after a visit: docs/threat-model.md states it as it is found here."""

import threading
from collections.abc import Iterator
from configparser import ConfigParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex
from typing import Final

import pytest

from deploy.demo.tornet import torrc
from deploy.demo.tornet.network import PrivateNetwork
from deploy.demo.tornet.node import OVERWRITING, Node
from deploy.demo.tornet.onions import publish
from tests.browser.driver import wait_for
from tests.onion.through_tor import OnionConnection
from tests.residue.memory import copies

REPEATED: Final = 20_000
UNIT: Final = Path(__file__).parents[2] / "deploy/system/tor.conf"


class _Sink(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def sink() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Sink) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def left_behind(network: PrivateNetwork, sink: str, *, overwriting: bool) -> tuple[int, int]:
    """Send a mark many times to a service of a new tor, and end its circuits; return how many copies the service's tor
    has then, and how many all relays.
    """
    lines = torrc.waiting(torrc.HOST)
    host = network.launch(f"host-{token_hex(4)}", lines, overwriting=overwriting)
    host.join()
    onion, mark = publish(host, {80: sink}), token_hex(12).encode()
    connection = OnionConnection(network.client, onion.host, isolate=token_hex(8))
    connection.request("POST", "/", body=mark * REPEATED)
    assert connection.getresponse().status == 204
    connection.close()
    end_circuits(host)
    relays = [node.pid for name, node in network.nodes.items() if name.startswith(("relay", "authority"))]
    found = copies([host.pid], {"mark": mark})["mark"], copies(relays, {"mark": mark})["mark"]
    network.remove(host)
    return found


def end_circuits(host: Node) -> None:
    """Close every circuit with a visitor, and return when tor has none."""
    joined = with_visitors(host)
    assert joined
    for circuit in joined:
        host.controller.close_circuit(circuit)
    wait_for("the end of the circuits", lambda: not with_visitors(host))


def with_visitors(host: Node) -> list[str]:
    return [one.id for one in host.controller.get_circuits() if one.purpose == "HS_SERVICE_REND"]


def test_tor_by_itself_keeps_pieces_of_what_a_visitor_sent(network: PrivateNetwork, sink: str) -> None:
    host, relays = left_behind(network, sink, overwriting=False)
    assert host > 0, "then tor has become better: docs/threat-model.md and deploy/system/tor.conf may say so"
    assert relays == 0


def test_tor_whose_freed_memory_is_overwritten_keeps_nothing(network: PrivateNetwork, sink: str) -> None:
    assert left_behind(network, sink, overwriting=True) == (0, 0)


def test_the_tor_of_a_host_is_told_to_overwrite() -> None:
    unit = ConfigParser()
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names of systemd have capitals
    unit.read(UNIT, encoding="utf-8")
    ((name, value),) = OVERWRITING.items()
    assert unit["Service"]["Environment"] == f"{name}={value}"
