"""The network: three directory authorities, five relays, a client and a host for onion services, on loopback.

    with private_network(folder, say=print) as network:
        onion = publish(network.host, {80: "unix:/run/gateway.sock"})
        ... SOCKS on 127.0.0.1, port network.client.socks ...

There is no exit relay, so nothing outside the network can be reached by mistake. How a start works: every tor is
started at once, but nobody votes. When each authority has the descriptor of each relay, one vote is set for a few
seconds ahead, so that the first consensus is complete. Then the relays are told to reload, which ends their waiting
before another download, and the others are let onto the network.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from deploy.demo.tornet import torrc
from deploy.demo.tornet.authority import Authority, Programs, find_programs, free_ports, make_authority
from deploy.demo.tornet.node import Node
from deploy.demo.tornet.onions import address_of
from deploy.demo.tornet.torrc import Common
from deploy.demo.tornet.waiting import PATIENCE, until

AUTHORITIES = ("authority0", "authority1", "authority2")
RELAYS = ("relay0", "relay1", "relay2", "relay3", "relay4")  # with fewer, a path may fail before one is found
Say = Callable[[str], None]


def _silent(_: str) -> None:
    """Says nothing."""


class PrivateNetwork:
    """A network that runs; made by ``private_network``."""

    def __init__(self, programs: Programs, folder: Path, common: Common) -> None:
        self._programs, self._folder, self._common = programs, folder, common
        self.nodes: dict[str, Node] = {}

    @property
    def client(self) -> Node:
        """The tor of whoever visits."""
        return self.nodes["client"]

    @property
    def host(self) -> Node:
        """The tor beside what is visited."""
        return self.nodes["host"]

    def add_client(self, name: str) -> Node:
        """One more tor with a SOCKS port, on the network."""
        (port,) = free_ports(1)
        node = self.launch(name, torrc.waiting(torrc.CLIENT.format(port=port)), socks=port)
        node.join()
        return node

    def add_host(self, name: str, lines: str, service: Path) -> Node:
        """One more tor, with an onion service that only a torrc can describe; returns when it can be found.

        ``lines``: from ``HiddenServiceDir`` on. ``service``: that folder.
        """
        node = self.launch(name, torrc.waiting(torrc.HOST + lines))
        self.join_and_publish(node, service)
        return node

    @staticmethod
    def join_and_publish(node: Node, service: Path) -> None:
        """Lets a tor with a service of its own onto the network, for the first time or after it was started again."""
        with node.uploads() as uploads:
            node.join()
            uploads.wait_for(address_of(service).removesuffix(".onion"), PATIENCE)

    def launch(self, name: str, lines: str, *, socks: int = 0, overwriting: bool = True) -> Node:
        """Runs one more tor; it does what its lines say."""
        node = self.prepare(name, lines, socks=socks, overwriting=overwriting)
        node.start()
        return node

    def prepare(self, name: str, lines: str, *, socks: int = 0, overwriting: bool = True) -> Node:
        """A tor that does not run yet."""
        folder = self._folder / name
        node = Node(
            self._programs.tor, name, folder, lines + self._common.text(folder), socks=socks, overwriting=overwriting
        )
        self.nodes[name] = node  # before it runs: whatever happens, it is stopped
        return node

    def remove(self, node: Node) -> None:
        """Ends one tor and forgets it."""
        node.stop()
        del self.nodes[node.name]

    def stop(self) -> None:
        """Ends every tor."""
        with ThreadPoolExecutor(len(self.nodes) or 1) as together:
            for _ in together.map(Node.stop, self.nodes.values()):
                pass


@contextmanager
def private_network(folder: Path, say: Say = _silent) -> Iterator[PrivateNetwork]:
    """Runs a network with its data in an empty folder; whatever happens, no tor of it is left running.

    The kernel kills each tor when the thread that started it ends, so start it from the main thread, which ends last.
    Raises ``NetworkFailed``.
    """
    programs = find_programs()
    began = time.monotonic()

    def tell(what: str) -> None:
        say(f"Tor network, {time.monotonic() - began:5.1f} s: {what}")

    ports = iter(free_ports(2 * len(AUTHORITIES)))
    places = {name: (folder / name, (next(ports), next(ports))) for name in AUTHORITIES}
    with ThreadPoolExecutor(len(AUTHORITIES)) as together:
        made = [*together.map(lambda name: make_authority(programs, name, *places[name]), AUTHORITIES)]
    tell("keys of the authorities are made")
    network = PrivateNetwork(programs, folder, Common("".join(one.line for one in made), os.getpid()))
    try:
        _bring_up(network, made, tell)
        yield network
    except BaseException:
        for name, node in network.nodes.items():
            for line in node.warnings()[-3:]:
                print(f"{name}: {line}", file=sys.stderr)
        raise
    finally:
        network.stop()


def _bring_up(network: PrivateNetwork, authorities: list[Authority], tell: Say) -> None:
    (socks,) = free_ports(1)
    lines = {one.name: torrc.authority(one.name, one.port, one.directory_port) for one in authorities}
    lines |= {name: torrc.relay(name) for name in RELAYS}
    lines |= {"client": torrc.waiting(torrc.CLIENT.format(port=socks)), "host": torrc.waiting(torrc.HOST)}
    _launch_all(network, lines, {"client": socks})
    tell(f"{len(lines)} tor processes run")
    voters = [network.nodes[name] for name in AUTHORITIES]
    routers = [network.nodes[name] for name in (*AUTHORITIES, *RELAYS)]
    _vote_once(voters, routers)
    tell("first consensus, with every relay in it")
    for relay in routers[len(voters) :]:
        relay.controller.signal("RELOAD")
    for router in routers:
        until(f"the directory of {router.name}", router.has_directory)
    tell("every relay has the directory")
    with ThreadPoolExecutor(2) as together:
        for _ in together.map(Node.join, (network.client, network.host)):
            pass
    tell("client and host are on the network")


def _launch_all(network: PrivateNetwork, lines: Mapping[str, str], socks: Mapping[str, int]) -> None:
    nodes = [network.prepare(name, lines[name], socks=socks.get(name, 0)) for name in lines]
    for node in nodes:
        node.run()  # here and not in a thread of the pool, which ends too early
    with ThreadPoolExecutor(len(nodes)) as together:
        for _ in together.map(Node.sign_in, nodes):
            pass


def _vote_once(voters: list[Node], routers: list[Node]) -> None:
    """Lets the authorities vote when they all know every relay, and returns when they agree."""
    fingerprints = [until(f"a key of {node.name}", node.fingerprint) for node in routers]

    def known() -> bool:
        return all(voter.info(f"desc/id/{fingerprint}", "") for voter in voters for fingerprint in fingerprints)

    until("every relay's descriptor", known)
    due = int(time.time()) + torrc.INITIAL_SECONDS
    with ThreadPoolExecutor(len(voters)) as together:
        options = {
            "TestingV3AuthInitialVotingInterval": str(torrc.INITIAL_SECONDS),
            "TestingV3AuthVotingStartOffset": str(due % torrc.INITIAL_SECONDS),
        }
        for _ in together.map(lambda voter: voter.controller.set_options(options), voters):
            pass
    until(
        "the first consensus",
        lambda: all(voter.info("ns/all", "").count("\ns ") == len(routers) for voter in voters),
    )
