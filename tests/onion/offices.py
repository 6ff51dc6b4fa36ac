"""A whole instance with each role apart from every network: they meet through tor and nowhere else."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlencode

from deploy.demo import run as demo
from deploy.demo.tornet import torrc
from deploy.demo.tornet.network import PrivateNetwork
from deploy.demo.tornet.node import Node
from tests.browser.driver import PATIENCE
from tests.onion.apart import Apart, apart
from tests.onion.host import OnionHost
from tests.web.inspection import Page, assert_clean

OFFICES: Final = ("desk", "ministry")
_CLIENT: Final = Path(__file__).parents[2] / "deploy/system/client.torrc"


@dataclass
class Person:
    """Somebody at the pages of a desk or an inbox, on that very machine."""

    office: Apart
    cookies: dict[str, str] = field(default_factory=dict)
    last: Page = field(default_factory=Page)

    def get(self, path: str) -> str:
        """Open a page; return its text."""
        return self._ask("GET", path, None)

    def submit(self, path: str, fields: Mapping[str, str]) -> str:
        """Send what the last page held, with these fields changed; return the text of the page that follows."""
        return self._ask("POST", path, urlencode({**self.last.fields, **fields}))

    def sign_in(self, user: str, password: str) -> str:
        """Sign in through the page."""
        self.get("/nl/inloggen")
        return self.submit("/nl/inloggen", {"user": user, "password": password})

    def linked(self, part: str) -> list[str]:
        """Addresses on the last page that hold this."""
        return sorted({link for link in self.last.links if part in link})

    def _ask(self, method: str, path: str, body: str | None) -> str:
        connection = HTTPConnection("127.0.0.1", self.office.port, timeout=PATIENCE)
        connection.sock = self.office.connect()
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            html = answer.read().decode()
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status in {302, 303}:
            return self._ask("GET", answer.headers["Location"], None)
        assert answer.status < 400, html
        self.last = assert_clean(html)
        return self.last.text


@dataclass
class Instance:
    """`tors`: the host's, the desk's, the ministry's. `roles`: the commands that run, each apart."""

    folder: Path
    network: PrivateNetwork
    onion: OnionHost
    tors: dict[str, Node]
    roles: dict[str, Apart] = field(default_factory=dict)

    @property
    def reporters(self) -> str:
        """The address for reporters."""
        return self.onion.address("reporters")

    def socks(self, office: str) -> str:
        """Where an office's tor takes its connections: the one place that it may try."""
        return str(self.folder / f"{office}-tor" / "socks")

    def person(self, role: str) -> Person:
        """Somebody who is signed in there."""
        person = Person(self.roles[role])
        person.sign_in(demo.USERS[role], (self.folder / f"{role}.password").read_text().strip())
        return person

    def arguments(self, role: str, *action: str) -> list[str | Path]:
        """A command line of a role."""
        secret: list[str | Path] = ["--passphrase-file", self.folder / f"{role}.passphrase"] if role in OFFICES else []
        return [demo.BIN / f"dropbox-{role}", *action, "--config", self.folder / f"{role}.toml", *secret]

    def check(self, role: str) -> str:
        """What the role's own check says."""
        done = subprocess.run(
            [*self.arguments(role, "check")], capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        return done.stdout

    def allow(self, office: str) -> None:
        """What two operators do: a key is made beside the office's tor, and its public half is let in by the host."""
        file = self.folder / f"{office}-tor" / "keys" / f"{office}.auth_private"
        public = self.onion.run("keys", "client", "--address", self.onion.address(office), "--out", str(file))
        self.onion.keys("allow", office, office, public.strip())

    def add_tor(self, name: str, folder: Path) -> Node:
        """A tor with a SOCKS socket in an own folder, and a folder for its keys."""
        for path in (folder, folder / "keys"):
            path.mkdir(mode=0o700, exist_ok=True)  # tor makes no socket where others could put theirs
        lines = _CLIENT.read_text().replace("Log err syslog\n", "")  # the rest is what an office's machine has
        lines = lines.replace("/run/tor/socks", f"{folder}/socks").replace("/var/lib/tor/onion_auth", f"{folder}/keys")
        node = self.tors[name] = self.network.launch(f"{name}-{os.urandom(4).hex()}", torrc.waiting(lines))
        node.join()
        return node

    def remove_tors(self) -> None:
        """End them all."""
        for node in self.tors.values():
            self.network.remove(node)

    def restart(self, node: Node) -> None:
        """End a tor as a power cut would, and start it again."""
        node.kill()
        node.start()
        node.join()

    def restart_host(self) -> None:
        """The same with the host's, until its services can be found again."""
        node = self.tors["host"]
        node.kill()
        node.start()
        self.publish(node)

    def publish(self, node: Node) -> None:
        """Let the host's tor onto the network, until its services can be found."""
        with node.uploads() as uploads:
            node.join()
            for service in ("reporters", *OFFICES):
                uploads.wait_for(self.onion.address(service).removesuffix(".onion"), PATIENCE)


@contextmanager
def instance(network: PrivateNetwork) -> Iterator[Instance]:
    """Make an instance, its onion services, and a tor for each machine; run every role apart."""
    with TemporaryDirectory(prefix="of") as name, ExitStack() as stack:
        folder = Path(name)
        demo.prepare(folder / "i")
        found = Instance(folder / "i", network, OnionHost(folder / "o"), {})
        runtime = folder / "run"
        asyncio.run(demo.make_instance(found.folder, runtime))
        stack.callback(found.remove_tors)
        _offer(found, runtime)
        for role in ("onion", "intake", "gateway", *OFFICES):
            action = ["serve"] if role in {"onion", *OFFICES} else []
            found.roles[role] = stack.enter_context(apart(folder, role, *found.arguments(role, *action)))
        yield found


def _offer(found: Instance, runtime: Path) -> None:
    """Keys and addresses of the services, the three tors, and the settings that lead through them."""
    host, network = found.onion, found.network
    (host.folder / "keys").mkdir(mode=0o700, parents=True)
    gateway = host.folder / "gateway.sock"
    sockets = {f"{office}_socket": str(runtime / f"{office}.sock") for office in OFFICES}
    host.write(reporters_socket=str(gateway), **sockets)
    host.keys("make")
    shutil.copy(host.config, found.folder / "onion.toml")
    demo.put_behind(demo.Onion(gateway, ""), found.folder / "gateway.toml")
    for office in OFFICES:
        own = found.folder / f"{office}-tor"
        found.add_tor(office, own)
        found.allow(office)
        _through_tor(found.folder / f"{office}.toml", host.address(office), own / "socks")
        found.restart(found.tors[office])  # it reads its key when it starts
    lines = host.run("torrc", "--config", str(host.config)).replace("Log err syslog\n", "")
    found.tors["host"] = network.launch(f"host-{os.urandom(4).hex()}", torrc.waiting(lines))
    found.publish(found.tors["host"])


def _through_tor(settings: Path, address: str, socks: Path) -> None:
    lines = [line for line in settings.read_text().splitlines() if not line.startswith("intake_socket")]
    lines += [f"intake_onion = {json.dumps(address)}", f'tor_socks = "unix:{socks}"']
    settings.write_text("\n".join(lines) + "\n")
