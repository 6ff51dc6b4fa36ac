"""The private network itself: it serves, it stays on loopback, and it leaves nothing behind."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest
from python_socks import ProxyError

from deploy.demo.tornet.errors import TorMissing
from deploy.demo.tornet.network import PrivateNetwork, private_network
from deploy.demo.tornet.onions import NEW_KEY, publish, withdraw
from tests.browser.driver import wait_for
from tests.onion.through_tor import connect, fetch
from tests.open_files import open_files
from tests.system.demo import is_running

_START: Final = """
import os, sys
from pathlib import Path
from deploy.demo.tornet.network import private_network

with private_network(Path(sys.argv[1])) as network:
    print(*(node.pid for node in network.nodes.values()), flush=True)
    os.kill(os.getpid(), 9)
"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def page() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_onion_service_is_reached_and_its_key_gives_the_same_address_again(
    network: PrivateNetwork, page: str
) -> None:
    first = publish(network.host, {80: page})
    assert fetch(network.client, first.host) == (200, "ok")
    withdraw(network.host, first)
    again = publish(network.host, {80: page}, key=first.key)
    assert again.host == first.host
    assert first.key != NEW_KEY
    assert fetch(network.client, again.host, isolate="again") == (200, "ok")
    withdraw(network.host, again)


@pytest.mark.parametrize("host", ["127.0.0.1", "example.com"])
def test_nothing_but_onion_services_is_reached(network: PrivateNetwork, page: str, host: str) -> None:
    with pytest.raises(ProxyError):
        connect(network.client, host, port=int(page.partition(":")[2]))


def test_every_socket_of_every_tor_is_on_loopback(network: PrivateNetwork) -> None:
    addresses = {address for node in network.nodes.values() for address in _addresses(node.pid)}
    assert addresses == {"127.0.0.1"}


def test_no_tor_outlives_a_killed_process_that_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _START, str(tmp_path / "network")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == -signal.SIGKILL, done.stderr
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 10
    wait_for("the end of every tor", lambda: not any(map(is_running, pids)))


def test_a_missing_tor_is_one_sentence_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TorMissing, match="apt-get install tor"), private_network(tmp_path):
        pass


def _addresses(pid: int) -> set[str]:
    """Return the near and far addresses of a process's sockets for the internet's protocols."""
    own = open_files(pid)
    found = set()
    for table in ("tcp", "udp", "tcp6", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if f"socket:[{words[9]}]" in own:
                found |= {_spelled(words[1]), *([] if words[2].endswith(":0000") else [_spelled(words[2])])}
    return found


def _spelled(digits: str) -> str:
    packed = bytes.fromhex(digits.partition(":")[0])
    return socket.inet_ntop(socket.AF_INET, packed[::-1]) if len(packed) == 4 else packed.hex()
