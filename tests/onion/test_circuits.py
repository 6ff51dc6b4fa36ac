"""Real circuits: told apart, closed one by one, and who may come to a service that is not for everybody."""

import base64
import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Self

import pytest
from python_socks import ProxyError

from deploy.demo.tornet.network import PrivateNetwork
from deploy.demo.tornet.node import Node
from dropbox.gateway.proxy_line import MAX_LINE, circuit_of
from dropbox.onion import keeping
from dropbox.onion.keys import client_key
from dropbox.onion.services import Service, offered, options
from tests.gateway.bureau import Bureau
from tests.gateway.processes import gateway
from tests.onion.host import OnionHost, onion_host
from tests.onion.through_tor import OnionConnection, connect, connect_again, fetch

GET = b"GET /nl/ HTTP/1.1\r\nHost: x\r\n\r\n"
REQUESTS_A_MINUTE = 8


@dataclass(frozen=True)
class Reached:
    """A host whose services are on the network, and its tor."""

    host: OnionHost
    tor: Node

    @property
    def reporters(self) -> str:
        return self.host.address("reporters")

    def circuits(self) -> set[int]:
        """The circuits of the visitors of all its services, by tor's own account."""
        rows = self.tor.info("circuit-status").splitlines()
        return {int(row.split()[0]) for row in rows if "PURPOSE=HS_SERVICE_REND" in row}

    def ask_to_close(self, circuit: int) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(circuit.to_bytes(4, "big"), str(self.host.settings.circuits_socket))


@pytest.fixture(scope="module")
def reached(network: PrivateNetwork) -> Iterator[Reached]:
    """A host of this module's own, with the services as `dropbox-onion torrc` writes them."""
    with onion_host() as host:
        host.make_keys()
        lines = [f"{name} {value}" for one in offered(host.settings) for name, value in options(one)]
        service = host.folder / "keys" / Service.REPORTERS
        tor = network.add_host("circuits", "\n".join([*lines, f"ControlSocket {host.control}", ""]), service)
        try:
            yield Reached(host, tor)
        finally:
            network.remove(tor)


class Listening:
    """What comes to a service's socket: on each connection the first line, if there is one, then an echo."""

    def __init__(self, path: Path, *, proxy: bool) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._path, self._proxy = path, proxy
        self._threads = [threading.Thread(target=self._accept)]
        self.lines: list[bytes] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()
        self._path.unlink()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._echo, args=(line,)))
            self._threads[-1].start()

    def _echo(self, line: socket.socket) -> None:
        with line, line.makefile("rb", buffering=0) as words, contextlib.suppress(OSError):
            if self._proxy:
                self.lines.append(words.readline(MAX_LINE))
            while said := words.read(64):
                line.sendall(said)


def say(line: socket.socket) -> bytes:
    """Say something, and return what comes back."""
    line.sendall(b"hello")
    return line.recv(64)


async def test_isolated_clients_have_circuits_of_their_own_and_one_is_closed_without_the_other(
    network: PrivateNetwork, reached: Reached
) -> None:
    async with reached.host.serving():
        with Listening(reached.host.folder / "reporters.sock", proxy=True) as listening:
            alice, mallory = (connect(network.client, reached.reporters, isolate=who) for who in ("alice", "mallory"))
            with alice, mallory, connect(network.client, reached.reporters, isolate="alice") as again:
                for line in (alice, mallory, again):
                    assert say(line) == b"hello"
                ids = [circuit_of(line) for line in listening.lines]
                assert ids[0] == ids[2] != ids[1]
                assert set(ids) <= reached.circuits()
                reached.ask_to_close(ids[1])
                assert mallory.recv(64) == b""
                assert ids[1] not in reached.circuits()
                assert say(alice) == say(again) == b"hello"
                with connect(network.client, reached.reporters, isolate="mallory") as back:
                    assert say(back) == b"hello"
                    assert circuit_of(listening.lines[-1]) not in ids


async def test_an_abusive_circuit_is_closed_for_the_gateway_and_its_visitor_comes_back_on_a_new_one(
    network: PrivateNetwork, reached: Reached, tmp_path: Path
) -> None:
    listen = str(reached.host.folder / "reporters.sock")
    limits = {"requests_per_minute": REQUESTS_A_MINUTE, "circuits_socket": str(reached.host.settings.circuits_socket)}
    async with reached.host.serving(), gateway(tmp_path, Bureau(), listen, proxy=True, **limits):  # type: ignore[arg-type]  # numbers and texts
        nobody = reached.circuits()
        alice = OnionConnection(network.client, reached.reporters, isolate="calm")
        assert page(alice) == 200
        before = reached.circuits()
        alice.close()
        mallory = OnionConnection(network.client, reached.reporters, isolate="hasty")
        assert pages_until_closed(mallory) >= REQUESTS_A_MINUTE
        assert fetch(network.client, reached.reporters, "/nl/", isolate="hasty")[0] == 200
        assert before - nobody, "hers"
        assert before - nobody <= reached.circuits(), "which is still open"
        assert reached.circuits() - before


def pages_until_closed(connection: OnionConnection) -> int:
    """Load pages as fast as they come, until the line is broken; return how many came."""
    for number in count():
        try:
            assert page(connection) == 200
        except (OSError, HTTPException):
            connection.close()
            return number
    raise AssertionError


def page(connection: OnionConnection) -> int:
    """Load a page on a connection that is kept."""
    connection.request("GET", "/nl/")
    answer = connection.getresponse()
    answer.read()
    assert not answer.will_close
    return answer.status


def test_the_desk_is_for_those_with_a_key_until_it_is_revoked_and_a_restart_changes_no_address(
    network: PrivateNetwork, reached: Reached
) -> None:
    settings, address = reached.host.settings, reached.host.address("desk")
    other = network.add_client("colleague")
    clients = {network.client: "one", other: "two"}
    with Listening(reached.host.folder / "desk.sock", proxy=False):
        for client, name in clients.items():
            with pytest.raises(ProxyError):
                connect(client, address)
            private, public = client_key(os.urandom)
            keeping.allow(settings, Service.DESK, name, public)
            authorise(client, address, private)
        publish_anew(network, reached)
        for client in clients:
            with connect_again(client, address) as line:  # a directory may have missed the new list, and have the old
                assert say(line) == b"hello"
        keeping.revoke(settings, Service.DESK, "one")
        publish_anew(network, reached)
        with connect_again(other, address, isolate="after") as line:
            assert say(line) == b"hello"
        with pytest.raises(ProxyError):
            connect(network.client, address, isolate="after")
    network.remove(other)
    listening = Listening(reached.host.folder / "reporters.sock", proxy=True)
    with listening, connect(network.client, reached.reporters, isolate="after") as line:  # the same, after two restarts
        assert say(line) == b"hello"
    for service in (Service.REPORTERS, Service.DESK):
        hostname = reached.host.folder / "keys" / service / keeping.HOSTNAME_FILE
        assert hostname.read_text().strip() == reached.host.address(service)


def authorise(client: Node, address: str, private: str) -> None:
    """Give a key to a client's tor, as its file would."""
    raw = base64.b64encode(base64.b32decode(private + "====")).decode()
    client.command(f"ONION_CLIENT_AUTH_ADD {address.removesuffix('.onion')} x25519:{raw}")


def publish_anew(network: PrivateNetwork, reached: Reached) -> None:
    """Restart tor, and wait until the desk can be found."""
    reached.tor.stop()
    reached.tor.start()
    network.join_and_publish(reached.tor, reached.host.folder / "keys" / Service.DESK)
