"""One private Tor network for the whole session."""

from collections.abc import Iterator

import pytest

from deploy.demo.tornet.network import PrivateNetwork, private_network


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
