"""One tor in front of several gateways: what reaches them of a circuit, through HAProxy on every machine."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.tornet.network import PrivateNetwork
from deploy.demo.tornet.onions import address_of, service_lines
from dropbox.protocol.sizes import MIB
from tests.bench.visitor import REPORT, Visitor, learnt
from tests.hosts.place import PER_CIRCUIT, Place, place
from tests.hosts.test_hosts import FILE, noise, serving_an_upload
from tests.load.crowd import tor_line
from tests.onion.through_tor import connect

pytestmark = pytest.mark.timeout(900)  # whole machines start, and a busy one starts them slowly


@pytest.fixture(scope="module")
def several() -> Iterator[Place]:
    """Two hosts with a gateway each, and the machine in front of them."""
    with place() as there:
        yield there


@pytest.fixture(scope="module")
def address(network: PrivateNetwork, several: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where reporters come in."""
    with in_front(network, several, tmp_path_factory.mktemp("several")) as found:
        yield found


@contextlib.contextmanager
def in_front(network: PrivateNetwork, there: Place, folder: Path) -> Iterator[str]:
    """Run a tor, with the torrc of production, that hands over to HAProxy; give its address."""
    service = folder / "service"
    tor = network.add_host(f"several-{folder.name}", service_lines(service, there.door), service)
    try:
        yield address_of(service)
    finally:
        network.remove(tor)


class Reporter(Visitor):
    """A browser's bytes on a stream through tor; another `who` takes another circuit."""

    def __init__(self, network: PrivateNetwork, address: str, who: str) -> None:
        """Connect."""
        self._line = connect(network.client, address, isolate=who)


def is_served(reporter: Reporter) -> bool:
    """Whether a page comes."""
    try:
        return reporter.get(REPORT).status == 200
    except OSError:
        return False


def test_a_report_through_tor_and_haproxy_reaches_the_desk(
    network: PrivateNetwork, several: Place, address: str
) -> None:
    form = learnt(several.door, tor_line(1))
    with Reporter(network, address, "reporter") as reporter:
        fields = form.filled(reporter.get(REPORT).body, "through tor and HAProxy")
        answer = reporter.post(REPORT, fields | {"files": ""})
    assert answer.status == 200
    assert fields["receipt"].encode() in answer.body
    assert "through tor and HAProxy" in {one.message.text for one in several.opened()}


def test_each_gateway_sees_the_circuit_that_tor_names_and_holds_its_limits(
    network: PrivateNetwork, several: Place, address: str
) -> None:
    with contextlib.ExitStack() as held:

        def served(who: str, streams: int) -> int:
            reporters = [held.enter_context(Reporter(network, address, who)) for _ in range(streams)]
            return sum(map(is_served, reporters))

        assert served("greedy", 2 * PER_CIRCUIT) == PER_CIRCUIT
        others = 12
        assert sum(served(f"calm-{number}", 1) for number in range(others)) == others
        hosts = [host.machine.name for host, _ in several.receiving()]
        assert min(hosts.count("one"), hosts.count("two")) > 1  # more than a look whether it is there
        assert served("greedy", 1) == 0


def test_when_a_host_is_gone_without_a_word_its_visitors_get_through_on_another(
    network: PrivateNetwork, tmp_path: Path
) -> None:
    content = [noise() for _ in range(FILE)]
    with place() as doomed, in_front(network, doomed, tmp_path) as address:
        form = learnt(doomed.door, tor_line(1))
        with Reporter(network, address, "reporter") as reporter:
            fields = form.filled(reporter.get(REPORT).body, "with a file")

        def cut_off() -> Iterator[bytes]:
            yield from content[: FILE // 2]
            serving_an_upload(doomed).machine.pull_the_cable()
            yield from content[FILE // 2 :]

        with Reporter(network, address, "reporter") as reporter, pytest.raises(OSError):  # noqa: PT011 - however it breaks
            reporter.post_file(REPORT, fields, cut_off(), FILE * MIB)
        with Reporter(network, address, "reporter") as reporter:
            assert reporter.post_file(REPORT, fields, content, FILE * MIB).status == 200
        (whole,) = [one for one in doomed.opened() if one.message.text == "with a file"]
        assert [file for _, file in whole.files] == [b"".join(content)]
