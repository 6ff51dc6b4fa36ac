"""The host that is measured behind an onion address: the real commands, and a bare server at another port of it.

Both ports are one service's, so a visitor's streams to either go over one and the same circuit.
"""

import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.demo.tornet.network import PrivateNetwork
from deploy.demo.tornet.node import Node
from deploy.demo.tornet.onions import address_of, service_lines
from tests.bench.place import measured_host
from tests.bench.visitor import Visitor
from tests.browser.driver import wait_for
from tests.load.crowd import tor_line
from tests.onion.through_tor import connect
from tests.residue.host import Host

PAGE: Final = "/nl/"
BARE: Final = 81
"""The bare server's port of the onion service."""


@dataclass(frozen=True)
class OnionHost:
    """The host, its tor, its address, and the tor of whoever visits."""

    host: Host
    tor: Node
    address: str
    visitors: Node

    def visitor(self, isolate: str, port: int = 80) -> "OnionVisitor":
        """Connect a visitor over a circuit of that name."""
        return OnionVisitor(connect(self.visitors, self.address, isolate=isolate, port=port))


class OnionVisitor(Visitor):
    """A visitor whose connection is there already, and counted."""

    def __init__(self, line: socket.socket) -> None:
        self.counted = Counted(line)
        self._line = self.counted  # type: ignore[assignment]  # as much of a socket as a visitor uses


class Counted:
    """A connection that counts bytes both ways, and how often its owner waited for the other end."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.bytes = 0
        self.round_trips = 1  # the stream's own opening
        self._sent = False

    def sendall(self, data: bytes | memoryview) -> None:
        self._line.sendall(data)
        self.bytes += len(data)
        self._sent = True

    def recv(self, most: int) -> bytes:
        data = self._line.recv(most)
        self.bytes += len(data)
        self.round_trips += self._sent
        self._sent = False
        return data

    def close(self) -> None:
        self._line.close()


@contextlib.asynccontextmanager
async def onion_host(network: PrivateNetwork) -> AsyncIterator[OnionHost]:
    """Run a host as in production, with the line of tor's that says which circuit a connection is of.

    Call it in the main thread: its tor ends with the thread that starts it.
    """
    async with measured_host(proxy=True) as host:
        with Visitor(host.gateway.port, tor_line(1)) as visitor:
            answer = visitor.get(PAGE)
        with _bare_server(host.folder, answer.head + answer.body) as port:
            service = host.folder / "service"
            node = network.add_host("measured", _lines(service, host.gateway.port, port), service)
            try:
                yield OnionHost(host, node, address_of(service), network.client)
            finally:
                network.remove(node)


def _lines(service: Path, gateway: int, bare: int) -> str:
    """Return the lines of a service as in production, with the bare server at a second port."""
    ours = service_lines(service, Path("/gateway"))
    leads = "HiddenServicePort 80 unix:/gateway\n"
    assert leads in ours
    both = f"HiddenServicePort 80 127.0.0.1:{gateway}\nHiddenServicePort {BARE} 127.0.0.1:{bare}\n"
    return ours.replace(leads, both)


@contextlib.contextmanager
def _bare_server(folder: Path, page: bytes) -> Iterator[int]:
    file, port_file = folder / "page", folder / "port"
    file.write_bytes(page)
    with subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(port_file), str(file)]) as process:
        try:
            yield int(wait_for("the bare server", lambda: port_file.read_text() if port_file.exists() else ""))
        finally:
            process.terminate()
