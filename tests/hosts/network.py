"""Machines on one machine: network namespaces, joined by a switch that can be listened to. Needs root."""

import contextlib
import ctypes
import itertools
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, TypeVar

import pytest

SUBNET: Final = "10.77.0"
WITHIN: Final = 120.0  # seconds, of waiting for what must come
_FRAME: Final = 1 << 18
_ALL_PROTOCOLS: Final = 3  # ETH_P_ALL
_CLONE_NEWNET: Final = 0x40000000
_LIBC: Final = ctypes.CDLL(None, use_errno=True)

_NUMBERS: Final = itertools.count()

Result = TypeVar("Result")


def until(what: Callable[[], Result], why: str = "") -> Result:
    """Wait for something that must come to be so, and give it."""
    ends = time.monotonic() + WITHIN
    while not (found := what()):
        assert time.monotonic() < ends, why or what
        time.sleep(0.05)
    return found


@dataclass
class Machine:
    """A namespace with one cable, and what was started in it."""

    name: str
    address: str
    namespace: str
    folder: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *command: str, account: str = "root", **environment: str) -> subprocess.Popen[bytes]:
        """Start a command; what it says goes to `output`. It does not outlive this process, however that ends."""
        with self.output.open("ab") as output:
            process = subprocess.Popen(
                self._inside(account, command),
                cwd=self.folder,
                env=_plain_environment() | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.started.append(process)
        return process

    def run(self, *command: str, account: str = "root", text: str = "") -> str:
        """Run a command to its end and give what it says."""
        ran = subprocess.run(
            self._inside(account, command),
            cwd=self.folder,
            env=_plain_environment(),
            input=text,
            check=False,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, (command, ran.stdout, ran.stderr)
        return ran.stdout

    def call(self, work: Callable[[], Result]) -> Result:
        """Do something here with a thread of this process: sockets that it makes are this machine's for good."""
        with ThreadPoolExecutor(1, initializer=self._enter) as thread:
            return thread.submit(work).result()

    def pull_the_cable(self) -> None:
        """From now on nothing comes in and nothing goes out, and nobody is told."""
        subprocess.run(["ip", "-n", self.namespace, "link", "set", "eth0", "down"], check=True)

    def plug_in(self) -> None:
        """Undo `pull_the_cable`."""
        subprocess.run(["ip", "-n", self.namespace, "link", "set", "eth0", "up"], check=True)

    def kill(self) -> None:
        """End everything at once, as a loss of power does."""
        for process in self.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in self.started:
            process.wait()
        self.started.clear()

    @property
    def output(self) -> Path:
        """What its processes said."""
        return self.folder / "output"

    def _inside(self, account: str, command: Sequence[str]) -> list[str]:
        become = ["--reuid", account, "--regid", account, "--init-groups"] if account != "root" else []
        return [
            "setsid", "ip", "netns", "exec", self.namespace, "setpriv", "--pdeathsig", "KILL", *become, "--", *command
        ]  # fmt: skip

    def _enter(self) -> None:
        with Path("/run/netns", self.namespace).open() as namespace:
            assert _LIBC.setns(namespace.fileno(), _CLONE_NEWNET) == 0, ctypes.get_errno()


class Recorder:
    """Everything that the switch passes on while it is open, kept in memory."""

    def __init__(self, switch: Machine) -> None:
        self._line = switch.call(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS)))
        self._line.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self._line.settimeout(0.2)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self.heard = bytearray()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._line.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                self.heard += self._line.recv(_FRAME)


@dataclass
class Network:
    """The switch and its machines."""

    folder: Path
    switch: Machine
    machines: list[Machine]

    def add(self, name: str, number: int) -> Machine:
        """Make a machine and plug it in; its folder is everybody's to enter, as accounts differ."""
        namespace, folder = f"{self.switch.namespace}-{name}", self.folder / name
        folder.mkdir()
        machine = Machine(name, f"{SUBNET}.{number}", namespace, folder)
        _ip("netns", "add", namespace)
        self.machines.append(machine)
        cable = f"to-{name}"
        _ip("-n", self.switch.namespace, "link", "add", "name", cable, "type", "veth", "peer", "name", "eth0",
            "netns", namespace)  # fmt: skip
        _ip("-n", self.switch.namespace, "link", "set", "dev", cable, "master", "switch", "up")
        _ip("-n", namespace, "address", "add", f"{machine.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", namespace, "link", "set", "dev", device, "up")
        return machine

    def said(self) -> str:
        """What every process said, for a failing test to show."""
        outputs = [machine.output for machine in self.machines if machine.output.exists()]
        return "\n".join(f"--- {output.parent.name}\n{output.read_text(errors='replace')}" for output in outputs)


@contextlib.contextmanager
def network(folder: Path) -> Iterator[Network]:
    """A switch without machines; afterwards nothing is left of anything."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "haproxy", "openssl"))):
        pytest.skip("needs root, and: apt-get install iproute2 haproxy openssl")
    switch = Machine("switch", "", f"sw{os.getpid()}-{next(_NUMBERS)}", folder)
    _ip("netns", "add", switch.namespace)
    there = Network(folder, switch, [])
    try:
        _ip("-n", switch.namespace, "link", "add", "name", "switch", "type", "bridge", "forward_delay", "0")
        _ip("-n", switch.namespace, "link", "set", "dev", "switch", "up")
        yield there
    finally:
        for machine in there.machines:
            machine.kill()
        for machine in (*there.machines, switch):
            _ip("netns", "delete", machine.namespace)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PYTEST"))}
