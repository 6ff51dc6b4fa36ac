"""The firewall, loaded for real in network namespaces: nothing comes in, nothing but tor goes out."""

import os
import pwd
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.conftest import ROOT, require

_RULES: Final = ROOT / "deploy/system/nftables.conf"
_OPERATOR, _HOST, _STRANGER = "10.77.0.1", "10.77.0.2", "10.77.0.3"
_PROBE: Final = """
import os, socket, sys
place, port, user = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
source = sys.argv[4] if len(sys.argv) > 4 else None
if user:
    os.setgroups([]); os.setgid(user); os.setuid(user)
try:
    with socket.socket() as probe:
        probe.settimeout(3)
        if source:
            probe.bind((source, 0))
        probe.connect((place, port))
    print("through")
except OSError as error:
    print("refused" if not isinstance(error, TimeoutError) else "dropped")
"""
_LISTEN: Final = """
import socket, sys
listening = [socket.create_server((sys.argv[1], int(port))) for port in sys.argv[2:]]
print("ready", flush=True)
sys.stdin.read()
"""


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


@dataclass(frozen=True)
class Net:
    """Two namespaces with a line between them: the host behind its firewall, and the world."""

    host: str
    world: str

    def inside(self, namespace: str, *command: str | Path) -> str:
        return run("ip", "netns", "exec", namespace, *command)

    def probe(self, namespace: str, place: str, port: int, user: int = 0, source: str = "") -> str:
        """Whether a connection comes about: through, refused or dropped."""
        extra = (source,) if source else ()
        return self.inside(namespace, "python3", "-c", _PROBE, place, str(port), str(user), *extra).strip()


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ruleset, with the operator's address; debian-tor is an account of this machine where tor is installed."""
    require("nft", "ip", "tor")
    folder = tmp_path_factory.mktemp("nft")
    (folder / "ssh.nft").write_text(f"add element inet dropbox ssh_from {{ {_OPERATOR} }}\n")
    path = folder / "nftables.conf"
    path.write_text(_RULES.read_text().replace("/etc/nftables.d/", f"{folder}/"))
    return path


@pytest.fixture(scope="module")
def net(rules: Path) -> Iterator[Net]:
    assert rules.is_file()
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    mark = uuid.uuid4().hex[:6]
    net = Net(f"dbx-host-{mark}", f"dbx-world-{mark}")
    listeners: list[subprocess.Popen[str]] = []
    try:
        for namespace in (net.host, net.world):
            run("ip", "netns", "add", namespace)
            net.inside(namespace, "ip", "link", "set", "lo", "up")
        run("ip", "link", "add", f"h{mark}", "netns", net.host, "type", "veth", "peer", f"w{mark}", "netns", net.world)
        net.inside(net.host, "ip", "addr", "add", f"{_HOST}/24", "dev", f"h{mark}")
        net.inside(net.host, "ip", "link", "set", f"h{mark}", "up")
        for address in (_OPERATOR, _STRANGER):
            net.inside(net.world, "ip", "addr", "add", f"{address}/24", "dev", f"w{mark}")
        net.inside(net.world, "ip", "link", "set", f"w{mark}", "up")
        for namespace, place, ports in ((net.host, "0.0.0.0", ("22", "8080")), (net.world, "0.0.0.0", ("443",))):  # noqa: S104 - in a namespace of its own
            listener = subprocess.Popen(
                ["ip", "netns", "exec", namespace, "python3", "-c", _LISTEN, place, *ports],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            listeners.append(listener)
            assert listener.stdout is not None
            assert listener.stdout.readline() == "ready\n"
        yield net
    finally:
        for listener in listeners:
            listener.communicate()
        for namespace in (net.host, net.world):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)


@pytest.fixture
def loaded(net: Net, rules: Path) -> Iterator[Net]:
    net.inside(net.host, "nft", "-f", rules)
    yield net
    net.inside(net.host, "nft", "flush", "ruleset")


def user(name: str) -> int:
    return pwd.getpwnam(name).pw_uid


def test_the_rules_are_without_a_mistake(net: Net, rules: Path) -> None:
    net.inside(net.host, "nft", "--check", "--file", rules)


def test_without_the_rules_everything_goes(net: Net) -> None:
    assert net.probe(net.host, _OPERATOR, 443, user("nobody")) == "through"
    assert net.probe(net.world, _HOST, 8080) == "through"


def test_only_tor_goes_out(loaded: Net) -> None:
    assert loaded.probe(loaded.host, _OPERATOR, 443, user("debian-tor")) == "through"
    for other in ("nobody", "daemon", "root"):
        assert loaded.probe(loaded.host, _OPERATOR, 443, user(other)) == "refused"


def test_loopback_is_open(loaded: Net) -> None:
    assert loaded.probe(loaded.host, "127.0.0.1", 8080, user("nobody")) == "through"


def test_nothing_comes_in_but_the_operators_ssh(loaded: Net) -> None:
    assert loaded.probe(loaded.world, _HOST, 22, source=_OPERATOR) == "through"
    assert loaded.probe(loaded.world, _HOST, 22, source=_STRANGER) == "dropped"
    assert loaded.probe(loaded.world, _HOST, 8080, source=_OPERATOR) == "dropped"


def test_an_account_that_is_let_out_for_maintenance_is_shut_in_again(loaded: Net) -> None:
    account = user("nobody")
    element = f"{{ {account} timeout 30m }}"
    loaded.inside(loaded.host, "nft", "add", "element", "inet", "dropbox", "maintenance", element)
    assert loaded.probe(loaded.host, _OPERATOR, 443, account) == "through"
    assert "expires" in loaded.inside(loaded.host, "nft", "list", "set", "inet", "dropbox", "maintenance")
    loaded.inside(loaded.host, "nft", "delete", "element", "inet", "dropbox", "maintenance", f"{{ {account} }}")
    assert loaded.probe(loaded.host, _OPERATOR, 443, account) == "refused"


def test_what_the_operator_is_told_to_type_works(loaded: Net) -> None:
    line = next(one for one in _RULES.read_text().splitlines() if "nft add element" in one)
    command = line.partition("nft ")[2].replace('"systemd-timesync"', '"daemon"')
    loaded.inside(loaded.host, "nft", command)
    assert loaded.probe(loaded.host, _OPERATOR, 443, user("_apt")) == "through"
