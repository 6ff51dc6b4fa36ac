"""Gateways on several machines behind one tor: what is lost with a machine, and what crosses the wire between them."""

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from dropbox.protocol.sizes import MIB
from tests.bench.visitor import REPORT, Visitor, learnt
from tests.gateway.bureau import Opened
from tests.hosts.network import Machine, Network, Recorder, network, until
from tests.hosts.place import PER_CIRCUIT, REPORTERS, Host, Place, certified, place, start_front
from tests.hosts.reporters import Reporters
from tests.load.crowd import tor_line
from tests.residue.memory import copies

FILE: Final = 24  # MiB
pytestmark = pytest.mark.timeout(900)  # whole machines start, and a busy one starts them slowly

DARK: Final = ["127.0.0.1", "10.77.0.11", "10.77.0.12"]  # where the tests' own threads may connect to, in a namespace


@pytest.fixture(scope="module")
def at_rest() -> Iterator[Place]:
    """Machines that nothing happens to."""
    with place() as there:
        yield there


@pytest.fixture
def doomed() -> Iterator[Place]:
    """Machines of which some will be lost."""
    with place() as there:
        yield there


def noise() -> bytes:
    return os.urandom(MIB)


def require_each_once(opened: list[Opened], texts: list[str]) -> None:
    """Each accepted text can be read, and where it came twice it is the same message, which a desk takes once."""
    messages: dict[str, set[bytes]] = {}
    for one in opened:
        messages.setdefault(one.message.text, set()).add(one.head.message_id)
    assert set(texts) <= messages.keys()
    assert {text: len(names) for text, names in messages.items() if len(names) != 1} == {}


def serving_an_upload(there: Place) -> Host:
    """The host to which most of an upload has come by now."""
    until(lambda: [host for host, count in there.receiving() if count > 4 * MIB])
    return next(host for host, count in there.receiving() if count > 4 * MIB)


def test_when_a_host_is_killed_in_an_upload_another_takes_it_and_nothing_accepted_is_gone(doomed: Place) -> None:
    content = [noise() for _ in range(FILE)]
    with Visitor(doomed.door, tor_line(7)) as visitor:
        fields = learnt(doomed.door, tor_line(7)).filled(visitor.get(REPORT).body, "with a file")

    def cut_off() -> Iterator[bytes]:
        yield from content[: FILE // 2]
        serving_an_upload(doomed).machine.kill()
        yield from content[FILE // 2 :]

    with Reporters(doomed.door) as others:
        others.more(8)
        with Visitor(doomed.door, tor_line(7)) as visitor, pytest.raises(OSError):  # noqa: PT011 - however it breaks
            visitor.post_file(REPORT, fields, cut_off(), FILE * MIB)
        others.more(8)
        # The same circuit, the same words, the same form: as a browser sends it again.
        with Visitor(doomed.door, tor_line(7)) as visitor:
            answer = visitor.post_file(REPORT, fields, content, FILE * MIB)
        assert answer.status == 200
        assert fields["receipt"].encode() in answer.body
        others.more(8)
    assert set(others.refused) <= {503}
    opened = doomed.opened()
    require_each_once(opened, others.accepted)
    (whole,) = [one for one in opened if one.message.text == "with a file"]
    assert whole.authentic
    assert [file for _, file in whole.files] == [b"".join(content)]


def test_when_the_database_is_lost_its_replica_takes_over_and_nothing_accepted_is_gone(doomed: Place) -> None:
    content = [noise() for _ in range(FILE)]
    with Visitor(doomed.door, tor_line(7)) as visitor:
        fields = learnt(doomed.door, tor_line(7)).filled(visitor.get(REPORT).body, "through the failover")

    def fails_over() -> Iterator[bytes]:
        yield from content[: FILE // 2]
        serving_an_upload(doomed)
        doomed.primary.machine.pull_the_cable()
        doomed.replica.promote()
        yield from content[FILE // 2 :]

    with Reporters(doomed.door) as others:
        others.more(8)
        # The gateway waits while intake has no database, and the reporter notices no more than a pause.
        with Visitor(doomed.door, tor_line(7)) as visitor:
            assert visitor.post_file(REPORT, fields, fails_over(), FILE * MIB).status == 200
        others.more(8)
    assert others.broken == 0
    assert set(others.refused) <= {503}
    assert all(process.poll() is None for host in doomed.hosts for process in host.processes.values())
    require_each_once(doomed.opened(), [*others.accepted, "through the failover"])
    a_primary_that_comes_back_accepts_nothing(doomed)


def a_primary_that_comes_back_accepts_nothing(there: Place) -> None:
    """It still waits for its replica's word, which does not come: two that both accept would lose what one did."""
    there.primary.machine.plug_in()
    psql = ("psql", "-h", str(there.primary.machine.folder), "-U", "postgres", "-c", "CREATE TABLE forked (a int)")
    asked = there.primary.machine.start(*psql, account="postgres")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE 'CREATE TABLE%'"
    until(lambda: there.primary.sql(waiting) == "1")
    assert asked.poll() is None


def test_a_circuit_stays_on_one_host_whose_limit_so_holds_for_it(at_rest: Place) -> None:
    with contextlib.ExitStack() as held:

        def served(circuit: int) -> bool:
            visitor = held.enter_context(Visitor(at_rest.door, tor_line(circuit)))
            try:
                return visitor.get(REPORT).status == 200
            except OSError:
                return False

        assert [served(70_000) for _ in range(2 * PER_CIRCUIT)].count(True) == PER_CIRCUIT
        assert all(served(circuit) for circuit in range(70_001, 70_017))
        hosts = [host.machine.name for host, _ in at_rest.receiving()]
        assert min(hosts.count("one"), hosts.count("two")) > 1  # more than a look whether it is there


@pytest.mark.allow_hosts(DARK)
def test_nothing_of_a_visit_can_be_read_on_the_wire_between_the_machines(at_rest: Place) -> None:
    marker, control = (os.urandom(12).hex() for _ in range(2))
    one, two = (host.machine for host in at_rest.hosts)
    form = learnt(at_rest.door, tor_line(1))
    with Recorder(at_rest.network.switch) as wire:
        with Visitor(at_rest.door, tor_line(2)) as visitor:
            fields = form.filled(visitor.get(REPORT).body, marker)
            file = [marker.encode() * (MIB // len(marker))]
            assert visitor.post_file(REPORT, fields, file, len(file[0])).status == 200
        with one.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as line:
            line.sendto(control.encode(), (two.address, 9))
        until(lambda: control.encode() in wire.heard)  # the recorder hears what is not encrypted
    assert len(wire.heard) > MIB
    for secret in (marker, fields["receipt"], fields["message"], "PROXY TCP6", "POST /en/report", "multipart/form"):
        assert secret.encode() not in wire.heard, secret


def context_of(certificates: Path, name: str, authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority / "authority.crt")
    if name:
        context.load_cert_chain(certificates / f"{name}.crt", certificates / f"{name}.key")
    return context


def answer_to(machine: Machine, host: Host, context: ssl.SSLContext) -> bytes:
    """What a gateway's machine answers to somebody on another machine; nothing when it refuses."""

    def ask() -> bytes:
        with (
            socket.create_connection((host.machine.address, REPORTERS), 60) as line,
            context.wrap_socket(line, server_hostname=host.machine.name) as encrypted,
        ):
            encrypted.sendall(tor_line(3) + b"GET /en/ HTTP/1.1\r\nHost: a.onion\r\n\r\n")
            return encrypted.recv(64)

    with contextlib.suppress(OSError):  # as which `ssl` says that the other side refuses
        return machine.call(ask)
    return b""


@pytest.mark.allow_hosts(DARK)
def test_a_gateways_machine_takes_visits_from_tors_machine_only(at_rest: Place, tmp_path: Path) -> None:
    certificates, front, host = at_rest.network.folder / "tls", at_rest.front, at_rest.hosts[0]
    foreign = certified(Network(tmp_path, front, [front]))
    assert answer_to(front, host, context_of(certificates, "front", certificates)).startswith(b"HTTP/1.1 200")
    for whose, name in ((certificates, ""), (certificates, "two"), (certificates, "intake"), (foreign, "front")):
        assert answer_to(front, host, context_of(whose, name, certificates)) == b""


def test_tors_machine_hands_visits_to_nobody_who_only_has_a_hosts_address(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with network(tmp_path) as there:
        front, one, two = there.add("front", 1), there.add("one", 11), there.add("two", 12)
        foreign_folder = tmp_path / "foreign"
        foreign_folder.mkdir()
        certificates, foreign = certified(there), certified(Network(foreign_folder, one, [one]))
        start_front(front, certificates, one, two)
        assert greeted(one, certificates, "one", certificates)
        assert not greeted(one, certificates, "two", certificates)
        assert not greeted(one, foreign, "one", certificates)


def greeted(machine: Machine, certificates: Path, name: str, authority: Path) -> bool:
    """Whether tor's machine, which looks at each host every two seconds, agrees to speak to this one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.crt", certificates / f"{name}.key")
    context.load_verify_locations(authority / "authority.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    with machine.call(lambda: socket.create_server((machine.address, REPORTERS))) as listener:
        listener.settimeout(60)
        line, _ = listener.accept()
        try:
            with context.wrap_socket(line, server_side=True):
                return True
        except OSError:
            return False


def test_haproxy_holds_a_visit_while_it_passes_and_nothing_of_it_afterwards(at_rest: Place) -> None:
    marker, sent = os.urandom(16).hex().encode(), threading.Event()
    everyone = [at_rest.proxy.pid, *(host.processes["haproxy"].pid for host in at_rest.hosts)]
    form = learnt(at_rest.door, tor_line(4))

    def never_stops() -> Iterator[bytes]:
        while not sent.is_set():
            yield marker * (MIB // len(marker))

    with Visitor(at_rest.door, tor_line(5)) as visitor, ThreadPoolExecutor(1) as thread:
        fields = form.filled(visitor.get(REPORT).body, "text")
        sending = thread.submit(visitor.post_file, REPORT, fields, never_stops(), 1 << 30)
        try:
            until(lambda: copies(everyone, {"file": marker})["file"], "the search finds what passes")
        finally:
            sent.set()
            visitor.close()
        with pytest.raises(OSError):  # noqa: PT011 - it was cut off
            sending.result()
    secrets = {"file": marker, "receipt": fields["receipt"].encode()}
    until(lambda: copies(everyone, secrets) == {"file": 0, "receipt": 0}, "it stays in memory")
