"""The reporters' onion service of the demo on the public Tor network, by the system's tor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.demo.tornet.authority import find_programs
from deploy.demo.tornet.errors import NetworkFailed
from deploy.demo.tornet.node import Node
from deploy.demo.tornet.onions import address_of, service_lines
from deploy.demo.tornet.waiting import PATIENCE, until

_TORRC = """\
SocksPort 0
DataDirectory {folder}
ControlPort 127.0.0.1:auto
ControlPortWriteToFile {folder}/control_port
CookieAuthentication 1
Log notice file {folder}/notice.log
AvoidDiskWrites 1
ShutdownWaitLength 0
DisableNetwork 1
__OwningControllerProcess {owner}
"""


class OutOfReach(NetworkFailed):
    """The public network does not answer from here."""

    def __init__(self, percent: str) -> None:
        super().__init__(
            f"Tor came no further than {percent} % of the way onto the public network. Check this machine's clock, and "
            "that it may connect to the internet; a firewall may forbid Tor. Without a network: make demo-onion."
        )


@contextmanager
def public_service(folder: Path, socket: Path, say: Callable[[str], None], patience: float) -> Iterator[str]:
    """Publishes an address that leads to the socket, and gives it; a new one each time.

    ``folder``: an empty one for tor's data. ``patience``: seconds until the network must have answered. Raises
    ``NetworkFailed``.
    """
    service = folder / "service"
    torrc = _TORRC.format(folder=folder / "tor", owner=os.getpid()) + service_lines(service, socket)
    node = Node(find_programs().tor, "tor", folder / "tor", torrc)
    try:
        node.start()
        with node.uploads() as uploads:
            _reach(node, say, patience)
            address = address_of(service)
            uploads.wait_for(address.removesuffix(".onion"), PATIENCE)
        yield address
    finally:
        node.stop()


def _reach(node: Node, say: Callable[[str], None], patience: float) -> None:
    """Lets tor onto the network, and says how far it is."""
    said = ["0"]
    node.controller.set_conf("DisableNetwork", "0")

    def whole() -> bool:
        words = dict(word.split("=", 1) for word in node.info("status/bootstrap-phase").split() if "=" in word)
        if words["PROGRESS"] != said[-1]:
            said.append(words["PROGRESS"])
            say(f"Tor: {words['PROGRESS']} %")
        return words["PROGRESS"] == "100"

    try:
        until("the public network", whole, patience)
    except NetworkFailed as error:
        raise OutOfReach(said[-1]) from error
