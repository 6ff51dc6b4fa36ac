"""One private Tor network for the whole session, and instances that are reached over it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

import pytest
from stem import InvalidArguments

from deploy.demo.tornet.network import PrivateNetwork, private_network
from deploy.demo.tornet.node import Node
from deploy.demo.tornet.onions import address_of, service_lines
from tests.browser import windows
from tests.browser.windows import OpenWindow
from tests.system.demo import Demo, running_demo


@pytest.fixture(scope="session")
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNetwork]:
    """A network that every test shares; its start is told on the terminal, since it takes longer than a test."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    terminal = request.config.get_terminal_writer()

    def say(what: str) -> None:
        with capture.global_and_fixture_disabled():
            terminal.line(f"\n{what}" if terminal.width_of_current_line else what)

    with private_network(tmp_path_factory.mktemp("tor"), say) as running:
        yield running


@dataclass(frozen=True)
class Reachable:
    """An instance behind an onion service of its own. `tor`: the host's. `service`: the folder with its address.

    `visitors`: the tor of whoever visits. `socket`: where the service leads.
    """

    demo: Demo
    visitors: Node
    tor: Node
    service: Path
    socket: Path

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{self.host}"

    def close_circuits(self) -> int:
        """Close every circuit that visitors have to this service, at both ends; return how many there were.

        When a circuit is full of an upload, one end's word reaches the other minutes late at times.
        """
        joined = circuits(self.tor, "HS_SERVICE_REND", self.host)
        close(self.visitors, circuits(self.visitors, "HS_CLIENT_REND", self.host))
        close(self.tor, joined)
        return len(joined)

    @property
    def host(self) -> str:
        """The onion service's host name."""
        return address_of(self.service)


def circuits(tor: Node, purpose: str, host: str) -> list[str]:
    """Return this tor's circuits of that purpose that serve visits to an onion service."""
    service = host.removesuffix(".onion")
    return [one.id for one in tor.controller.get_circuits() if (one.purpose, one.rend_query) == (purpose, service)]


def close(tor: Node, which: Iterable[str]) -> None:
    """Close these circuits, but for those that are gone by themselves meanwhile."""
    for circuit in which:
        with suppress(InvalidArguments):
            tor.controller.close_circuit(circuit)


@contextmanager
def reachable(network: PrivateNetwork, folder: Path, name: str) -> Iterator[Reachable]:
    """Run an instance whose reporters come over the network, to a tor of that name with a torrc as in production."""
    with TemporaryDirectory(prefix="dropbox-onion-") as short:  # a path of a socket has at most 107 bytes
        socket, service = Path(short) / "gateway.sock", folder / "service"
        tor = network.add_host(name, service_lines(service, socket), service)
        try:
            with running_demo(folder / "host", "--onion", str(socket), f"http://{address_of(service)}") as demo:
                yield Reachable(demo, network.client, tor, service, socket)
        finally:
            network.remove(tor)


@pytest.fixture
def instance(network: PrivateNetwork, tmp_path: Path) -> Iterator[Reachable]:
    """An instance of this test's own, reached as a reporter reaches it."""
    with reachable(network, tmp_path, f"reporters-{token_hex(4)}") as running:
        yield running


@pytest.fixture(scope="session")
def shared(network: PrivateNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reachable]:
    """An instance that several tests use; none may count on being alone on it."""
    with reachable(network, tmp_path_factory.mktemp("shared"), "shared") as running:
        yield running


@pytest.fixture
def people_folder(tmp_path: Path) -> Path:
    """Where the people keep what is theirs: profiles, downloads, files to send."""
    folder = tmp_path / "people"
    folder.mkdir()
    return folder


@pytest.fixture(params=windows.KINDS)
def open_window(request: pytest.FixtureRequest, network: PrivateNetwork, people_folder: Path) -> Iterator[OpenWindow]:
    """Windows of one kind of browser that go through tor; each test runs with both."""
    with windows.of_kind(request.param, people_folder, network.client.socks) as open_one:
        yield open_one


@pytest.fixture
def open_firefox(network: PrivateNetwork, people_folder: Path) -> Iterator[OpenWindow]:
    """Windows of Firefox, the base of Tor Browser."""
    with windows.of_kind("firefox", people_folder, network.client.socks) as open_one:
        yield open_one


@pytest.fixture
def open_chromium(network: PrivateNetwork, people_folder: Path) -> Iterator[OpenWindow]:
    """Windows of Chromium, where the kind of browser does not matter."""
    with windows.of_kind("chromium", people_folder, network.client.socks) as open_one:
        yield open_one
