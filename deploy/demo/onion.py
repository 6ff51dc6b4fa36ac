"""Runs the demo behind an onion address.

    python -m deploy.demo.onion --folder var/demo-onion

starts a private Tor network on loopback, publishes the reporters' address on it, shows a visit by a browser without a
screen, and runs until Ctrl-C or SIGTERM. With ``--public`` the address is on the public network: anybody who has it can
reach this machine's demo with Tor Browser.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.demo.public import public_service
from deploy.demo.run import DemoFailed, Onion, run
from deploy.demo.tornet.errors import NetworkFailed
from deploy.demo.tornet.network import private_network
from deploy.demo.tornet.onions import address_of, service_lines
from deploy.demo.visit import visit

_PATIENCE = 180  # seconds; the public network takes one at the worst of times


def _say(what: str) -> None:
    print(what, flush=True)


def on_private_network(folder: Path, place: Path) -> None:
    """The demo on a network of its own. Tor's data and the gateway's socket are in ``place``."""
    socket, service = place / "gateway.sock", place / "service"
    with private_network(place / "tor", _say) as network:
        network.add_host("reporters", service_lines(service, socket), service)
        url = f"http://{address_of(service)}"

        async def show() -> None:
            _say(await visit(url, network.client.socks, folder / "visit.png"))
            _say(f"For a browser: SOCKS on 127.0.0.1, port {network.client.socks}. Ctrl-C ends everything.")

        asyncio.run(run(folder, Onion(socket, url), show))


def on_public_network(folder: Path, place: Path, patience: float) -> None:
    """The demo on the public network."""
    socket = place / "gateway.sock"
    with public_service(place, socket, _say, patience) as address:
        asyncio.run(run(folder, Onion(socket, f"http://{address}")))


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("var/demo-onion"))
    parser.add_argument("--public", action="store_true", help="use the public Tor network")
    parser.add_argument("--patience", type=float, default=_PATIENCE, metavar="SECONDS", help="for the public network")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    with TemporaryDirectory(prefix="dropbox-onion-") as place:  # a path of a socket has at most 107 bytes
        try:
            if arguments.public:
                on_public_network(folder, Path(place), arguments.patience)
            else:
                on_private_network(folder, Path(place))
        except (DemoFailed, NetworkFailed) as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:  # while the network starts; afterwards the demo itself ends in order
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
