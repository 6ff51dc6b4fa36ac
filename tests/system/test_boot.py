"""Each kind of host under systemd, set up in the order of docs/operations.md: what its units let the services do.

A unit can be without a mistake for `systemd-analyze` and keep its service from working; here they have to work.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from deploy.demo.run import BIN, secret_file
from dropbox.auditor import texts
from dropbox.auditor.errors import LineError
from dropbox.torlink.errors import SENTENCES, Fault
from tests.deploy.conftest import HOSTS
from tests.load.crowd import tor_line
from tests.system.booted import Booted, booted
from tests.system.debian import Debian

pytestmark = pytest.mark.timeout(1800)  # a whole Debian is fetched and unpacked, on a machine that may be busy

AUDIT: Final = "audit"
SERVING: Final = sorted({*HOSTS} - {AUDIT})
TOOK_TOO_LONG: Final = texts.error(LineError(Fault.EXPIRED.value), "nl")

PAGES: Final = {"desk": 8081, "ministry": 8082}
SECRET: Final = "correct-horse-battery"
WELL: Final = "Nothing is wrong."
_GET: Final = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).status)"


@dataclass(frozen=True)
class Ceremony:
    """The root key's machine: a folder that never meets the others."""

    folder: Path

    def keys(self, action: str, *arguments: str | Path) -> None:
        """Run `dropbox-keys`."""
        done = subprocess.run(
            [BIN / "dropbox-keys", action, "--publish", self.folder / "published", "--secret", self.folder / "root.key",
             "--passphrase-file", self.folder / "root.passphrase", *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    @property
    def root_key(self) -> str:
        return (self.folder / "published/root.pub").read_text().strip()

    @property
    def fingerprint(self) -> str:
        """Twelve words."""
        return (self.folder / "published/fingerprint.txt").read_text().splitlines()[0]


def command(debian: Debian, account: str, name: str, *arguments: str) -> str:
    """Run one of our commands on a host that was not booted yet."""
    done = debian.run(account, f"/opt/dropbox/current/bin/dropbox-{name}", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(debian: Debian, *options: str) -> None:
    done = debian.install(*options)
    assert done.returncode == 0, done.stdout + done.stderr


def make_intake(debian: Debian, root_key: str) -> dict[str, str]:
    """Set up the intake host; return the addresses of its services."""
    install(debian, "--root-key", root_key)
    config = ("--config", "/etc/dropbox/onion.toml")
    made = command(debian, "root", "onion", "keys", "make", *config)
    (debian.root / "etc/tor/dropbox.torrc").write_text(command(debian, "root", "onion", "torrc", *config))
    return dict(line.split() for line in made.splitlines())


def make_office(debian: Debian, root_key: str, address: str) -> str:
    """Set up a desk or an inbox; return the public half of its key for tor."""
    role, account = debian.role, f"dropbox-{debian.role}"
    install(debian, "--root-key", root_key)
    settings = debian.root / f"etc/dropbox/{role}.toml"
    settings.write_text(settings.read_text().replace('intake_onion = ""', f'intake_onion = "{address}"'))
    secret = debian.root / "srv/secret"
    secret.write_text(SECRET)
    secret.chmod(0o644)
    command(debian, account, role, "init", "--config", f"/etc/dropbox/{role}.toml", "--user", "anna",
            "--passphrase-file", "/srv/secret", "--password-file", "/srv/secret",
            "--request", f"/var/lib/{account}/request.json")  # fmt: skip
    sealed = debian.run("root", "systemd-creds", "encrypt", "--name=passphrase", "/srv/secret",
                        f"/etc/dropbox/{role}.passphrase")  # fmt: skip
    assert sealed.returncode == 0, sealed.stderr
    secret.unlink()
    file = f"/var/lib/tor/onion_auth/{role}.auth_private"
    public = command(debian, "root", "onion", "keys", "client", "--address", address, "--out", file)
    assert debian.run("root", "chown", "debian-tor:", file).returncode == 0
    with_little_patience(debian)
    return public.strip()


def make_auditor(debian: Debian, fingerprint: str, address: str) -> None:
    """Set up an auditor's machine with what the leaflet says (docs/auditing.md)."""
    install(debian)
    settings = debian.root / "etc/dropbox/audit.toml"
    leaflet = {"onion": address, "fingerprint": fingerprint}
    for name, value in leaflet.items():
        settings.write_text(settings.read_text().replace(f'{name} = ""', f'{name} = "{value}"'))
    command(debian, "dropbox-audit", "audit", "key", "--out", "/var/lib/dropbox-audit/key")
    with_little_patience(debian)


def with_little_patience(debian: Debian) -> None:
    """There is no network: tor says so at once and not after two minutes."""
    with (debian.root / "etc/tor/torrc").open("a") as torrc:
        torrc.write("SocksTimeout 5\n")


@pytest.fixture(scope="module")
def hosts(bare_debian: Debian, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Debian]]:
    """One host of each kind, after the first ceremony; none was booted yet."""
    ceremony = Ceremony(tmp_path_factory.mktemp("root"))
    secret_file(ceremony.folder, "root.passphrase")
    ceremony.keys("root")
    with ExitStack() as stack:
        made = {
            role: stack.enter_context(bare_debian.copy(tmp_path_factory.mktemp(role) / "root", role)) for role in HOSTS
        }
        addresses = make_intake(made["intake"], ceremony.root_key)
        for role in PAGES:
            public = make_office(made[role], ceremony.root_key, addresses[role])
            config = ("--config", "/etc/dropbox/onion.toml")
            command(made["intake"], "root", "onion", "keys", "allow", *config, role, role, public)
        make_auditor(made[AUDIT], ceremony.fingerprint, addresses["reporters"])
        ceremony.keys("certify", *(made[role].root / f"var/lib/dropbox-{role}/request.json" for role in PAGES))
        for role, debian in made.items():
            if role in SERVING:
                shutil.copytree(ceremony.folder / "published", debian.root / "etc/dropbox/keys", dirs_exist_ok=True)
                for path in (debian.root / "etc/dropbox/keys").iterdir():
                    path.chmod(0o644)
            install(debian)
            as_live(debian)
        yield made


def as_live(debian: Debian) -> None:
    """What `install.sh` does on a system that runs; and no console, which a container has not."""
    subprocess.run(["systemctl", f"--root={debian.root}", "enable", "--quiet", "nftables"], check=True)
    subprocess.run(["systemctl", f"--root={debian.root}", "mask", "--quiet", "console-getty"], check=True)


def require_serving(machine: Booted, service: str) -> None:
    """It runs, and did from the first try; only tor says that it is ready just before its control socket is there."""
    machine.until("active", "systemctl", "is-active", f"dropbox-{service}")
    machine.until("1", "sh", "-c", f"journalctl --output=cat --unit=dropbox-{service} | grep -c ^ready")
    assert int(machine.show(service, "NRestarts")) <= (1 if service == "onion" else 0)


def require_confined(machine: Booted, service: str) -> None:
    """The kernel, too, says that the process may do nothing, and whether it has a network."""
    process = machine.show(service, "MainPID")
    status = dict(line.split(":\t", 1) for line in machine.said("cat", f"/proc/{process}/status").splitlines())
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert {int(status[f"Cap{kind}"], 16) for kind in ("Bnd", "Eff", "Prm", "Inh", "Amb")} == {0}
    networks = {machine.said("readlink", f"/proc/{one}/ns/net") for one in ("1", process)}
    assert len(networks) == (1 if service in PAGES else 2)


def check_of(machine: Booted, service: str) -> list[str]:
    """What the service's own check says, as docs/operations.md runs it."""
    account, secret = "" if service == "onion" else f"dropbox-{service}", []
    if service in PAGES:
        machine.run("sh", "-c", f"umask 022; printf %s {SECRET} > /run/secret")
        secret = ["--passphrase-file", "/run/secret"]
    return machine.said(
        f"/opt/dropbox/current/bin/dropbox-{service}", "check", "--config", f"/etc/dropbox/{service}.toml", *secret,
        account=account,
    ).splitlines()  # fmt: skip


def require_only_what_comes_later(machine: Booted, role: str) -> None:
    """No network, so tor is not on it, and nothing was published yet; all else is well."""
    if role == "intake":
        assert check_of(machine, "intake") == [WELL]
        published, _ = check_of(machine, "gateway")
        assert "the desk has not published yet" in published
        connected, _ = check_of(machine, "onion")
        assert "tor is not connected to the network yet" in connected
    else:
        assert [line for line in check_of(machine, role) if line.removeprefix("- ") in SENTENCES.values()]


def page_of(machine: Booted, role: str, marker: str) -> str:
    """The status of a page: as tor hands a visit over, or as a colleague opens it on that machine."""
    if role != "intake":
        return machine.said("python3", "-c", _GET, f"http://127.0.0.1:{PAGES[role]}/")
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(f"/proc/{machine.first}/root/run/dropbox-gateway/gateway.sock")
        line.sendall(tor_line(7) + f"GET /nl/?{marker} HTTP/1.1\r\nHost: {marker}\r\n\r\n".encode())
        return line.recv(64).split()[1].decode()


@pytest.mark.parametrize("role", SERVING)
def test_a_host_boots_and_all_that_it_is_for_works(hosts: dict[str, Debian], role: str) -> None:
    marker = os.urandom(8).hex()
    with booted(hosts[role].root) as machine:
        for service in HOSTS[role]:
            require_serving(machine, service)
            require_confined(machine, service)
        assert page_of(machine, role, marker) == "200"
        require_only_what_comes_later(machine, role)
        assert "policy drop" in machine.said("nft", "list", "chain", "inet", "dropbox", "input")
        for service in HOSTS[role]:
            before = machine.show(service, "MainPID")
            machine.run("systemctl", "kill", "--signal=KILL", f"dropbox-{service}")
            machine.until("2", "sh", "-c", f"journalctl --output=cat --unit=dropbox-{service} | grep -c ^ready")
            assert machine.show(service, "MainPID") not in {before, "0"}
        assert page_of(machine, role, marker) == "200"
        for service in HOSTS[role]:
            machine.run("systemctl", "stop", f"dropbox-{service}")
            assert (machine.show(service, "ActiveState"), machine.show(service, "Result")) == ("inactive", "success")
        assert marker not in machine.said("journalctl", "--no-pager", "--output=verbose", "--all")


def test_an_auditors_machine_boots_and_goes_out_through_tor_alone(hosts: dict[str, Debian]) -> None:
    with booted(hosts[AUDIT].root) as machine:
        machine.until("active", "systemctl", "is-active", "dropbox-audit")
        require_confined(machine, AUDIT)
        # No network: its own Tor answers it, and says that nobody does there.
        machine.until("1", "sh", "-c", f"journalctl --output=cat --unit=dropbox-audit | grep -c '{TOOK_TOO_LONG}'")
        assert machine.show(AUDIT, "NRestarts") == "0"
        assert "policy drop" in machine.said("nft", "list", "chain", "inet", "dropbox", "input")
        machine.run("systemctl", "stop", "dropbox-audit")
        assert (machine.show(AUDIT, "ActiveState"), machine.show(AUDIT, "Result")) == ("inactive", "success")
