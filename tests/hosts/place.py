"""A whole instance on several machines: tor's, two with gateway and intake, and PostgreSQL with its replica."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropbox.courier.client import CourierClient
from dropbox.courier.signing import audience
from tests.gateway.bureau import Bureau, Opened
from tests.hosts.database import ACCOUNT, PORT, Server
from tests.hosts.network import Machine, Network, network, until
from tests.residue.host import envelopes_at
from tests.simulators.intake_instance import Instance

SHIPPED: Final = Path(__file__).parents[2] / "deploy" / "several"
REPORTERS: Final = 8443  # the port of the shipped configurations
PER_CIRCUIT: Final = 4


@dataclass
class Host:
    """A machine with a gateway, an intake and HAProxy before them."""

    machine: Machine
    processes: dict[str, subprocess.Popen[bytes]]


@dataclass
class Place:
    """The machines, and the desk, which is elsewhere and comes in through tor's machine."""

    network: Network
    front: Machine
    proxy: subprocess.Popen[bytes]
    hosts: list[Host]
    primary: Server
    replica: Server
    bureau: Bureau
    instance: Instance

    @property
    def door(self) -> Path:
        """Where tor hands over what reporters send."""
        return self.front.folder / "reporters.sock"

    def opened(self) -> list[Opened]:
        """What the bureau can read of what waits for it."""

        async def fetched() -> list[bytes]:
            async with self._desk() as desk:
                return await envelopes_at(desk)

        return [self.bureau.open(envelope) for envelope in asyncio.run(fetched())]

    def publish(self) -> None:
        """Put everything there that reporters need."""

        async def put() -> None:
            async with self._desk() as desk:
                await desk.put(f"/v1/bulletins/{self.bureau.day}/0", self.bureau.signed_bulletin())
                await desk.put("/v1/publication", self.bureau.publication())
                await desk.put(f"/v1/boards/{self.bureau.recipient.hex()}", self.bureau.boards()[5:])

        asyncio.run(put())

    def receiving(self) -> list[tuple[Host, int]]:
        """The connections from tor's machine to gateways: to which host, and how many bytes have come."""
        found = []
        for host in self.hosts:
            lines = host.machine.run("ss", "-Htni", "state", "established", "sport", "=", f":{REPORTERS}")
            found += [(host, int(count)) for count in re.findall(r"bytes_received:(\d+)", lines)]
        return found

    def _desk(self) -> CourierClient:
        audience_of_desk = audience("desk-courier", self.instance.name)
        socket = self.front.folder / "desk.sock"
        return CourierClient.over_unix_socket(socket, self.instance.desk, audience_of_desk, _now, os.urandom)


@contextlib.contextmanager
def place() -> Iterator[Place]:
    """Run everything; what the processes said is shown when the body fails."""
    with _folder() as folder, network(folder) as there:
        try:
            yield _running(there)
        except BaseException:
            print(there.said())  # noqa: T201 - pytest shows it with the failure
            raise


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder with a short name, which every account may enter."""
    with tempfile.TemporaryDirectory(prefix="ho") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _running(there: Network) -> Place:
    front, one, two = there.add("front", 1), there.add("one", 11), there.add("two", 12)
    databases = there.add("db1", 21), there.add("db2", 22)
    certificates = certified(there, "intake", "replica")
    for name in ("replica", *(machine.name for machine in databases)):
        for file in certificates.glob(f"{name}.*"):
            shutil.chown(file, ACCOUNT)
    primary, replica = (Server(machine, certificates) for machine in databases)
    primary.make()
    replica.follow(primary)
    bureau = Bureau(int(time.time()))
    instance = Instance(root=bureau.root)
    instance.write_keys(there.folder / "keys")
    hosts = [_host(machine, there, primary, replica, bureau) for machine in (one, two)]
    proxy = start_front(front, certificates, one, two)
    running = Place(there, front, proxy, hosts, primary, replica, bureau, instance)
    running.publish()
    return running


def start_front(front: Machine, certificates: Path, one: Machine, two: Machine) -> subprocess.Popen[bytes]:
    """Start HAProxy on tor's machine."""
    process = front.start(
        *haproxy("front.cfg"), SOCKETS=str(front.folder), CERTIFICATES=str(certificates), NAME="front",
        ONE=one.address, TWO=two.address,
    )  # fmt: skip
    until((front.folder / "ministry.sock").exists, "HAProxy does not start")
    return process


def haproxy(configuration: str) -> list[str]:
    """The command with one of the shipped configurations, as the shipped unit starts it."""
    return ["env", "MALLOC_PERTURB_=165", "haproxy", "-q", "-db", "-dMno-cache", "-f", str(SHIPPED / configuration)]


def certified(there: Network, *others: str) -> Path:
    """Make a certificate for every machine and for others by name."""
    folder = there.folder / "tls"
    named = [(machine.name, machine.address) for machine in there.machines] + [(name, "") for name in others]
    for name, address in named:
        subprocess.run([SHIPPED / "certificates.sh", folder, name, *([address] if address else [])], check=True)
    folder.chmod(0o755)
    (folder / "authority.crt").chmod(0o644)
    return folder


def _host(machine: Machine, there: Network, primary: Server, replica: Server, bureau: Bureau) -> Host:
    """Start what a host runs, and wait until each serves."""
    folder, certificates = machine.folder, there.folder / "tls"
    hosts = "&".join(f"host={server.machine.address}:{PORT}" for server in (primary, replica))
    shared = {"root_key": bureau.root.public.raw.hex()}
    intake = _settings(
        folder / "intake.toml",
        shared | {"database": f"postgresql://intake@/dropbox?{hosts}&ssl=verify-full", "runtime_dir": str(folder),
                  "keys_dir": str(there.folder / "keys")},
    )  # fmt: skip
    gateway = _settings(
        folder / "gateway.toml",
        shared | {"intake_socket": str(folder / "reporters.sock"), "listen": str(folder / "gateway.sock")},
        f"proxy = true\nwarm_processes = 3\nconnections_per_circuit = {PER_CIRCUIT}\nintake_seconds = 300\n",
    )
    own = {
        "PGSSLROOTCERT": str(certificates / "authority.crt"),
        "PGSSLCERT": str(certificates / "intake.crt"),
        "PGSSLKEY": str(certificates / "intake.key"),
    }
    command = sys.executable, "-m"
    started = {"intake": machine.start(*command, "dropbox.intake.cli", "--config", str(intake), **own)}
    until((folder / "ministry.sock").exists, "intake does not start")
    started["gateway"] = machine.start(*command, "dropbox.gateway.cli", "--config", str(gateway))
    until((folder / "gateway.sock").exists, "the gateway does not start")
    started["haproxy"] = machine.start(
        *haproxy("host.cfg"), ADDRESS=machine.address, NAME=machine.name, CERTIFICATES=str(certificates),
        GATEWAY=str(folder / "gateway.sock"), INTAKE=str(folder),
    )  # fmt: skip
    return Host(machine, started)


def _settings(file: Path, values: dict[str, str], rest: str = "") -> Path:
    file.write_text("".join(f'{name} = "{value}"\n' for name, value in values.items()) + rest)
    return file


def _now() -> int:
    return int(time.time())
