"""Commands without a network: each in a namespace that has an empty loopback and nothing else, and all that they try
to reach written down by strace, whether it succeeds or not.
"""

import ctypes
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.browser.driver import PATIENCE

# Every call by which a process reaches for another one; io_uring would go past strace, so that it is set up is noted.
_CALLS: Final = "connect,sendto,sendmsg,sendmmsg,io_uring_setup"
_INSIDE: Final = 'ip link set lo up && exec "$@"'
_NET: Final = 0x40000000  # CLONE_NEWNET, setns(2)
_PLACES: Final = (
    re.compile(r'sa_family=(AF_UNIX), sun_path=(@?"[^"]*")'),
    re.compile(r'sa_family=(AF_INET), sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)'),
    re.compile(r'sa_family=(AF_INET6), sin6_port=htons\((\d+)\),.*inet_pton\(AF_INET6, "([^"]+)"'),
)
_FAMILY: Final = re.compile(r"sa_family=(\w+)")


@dataclass(frozen=True)
class Apart:
    """A command that runs apart. `where`: what it said after `ready`."""

    process: subprocess.Popen[bytes]
    record: Path
    where: str

    @property
    def port(self) -> int:
        """Of its pages."""
        return int(self.where.rpartition(":")[2])

    def connect(self) -> socket.socket:
        """Come to its pages, as who sits at that machine."""
        with ThreadPoolExecutor(1) as alone:  # a thread of its own, which stays in the namespace until it ends
            return alone.submit(_connect, self.process.pid, self.port).result()

    def tried(self) -> set[str]:
        """What it and its children have tried to reach so far."""
        return places(self.record)


def places(record: Path) -> set[str]:
    """What a record holds so far: paths of sockets, addresses with ports, or the family of anything else.

    strace writes each call down before who made it goes on.
    """
    found = set()
    for line in record.read_text(errors="replace").splitlines():
        if "io_uring_setup(" in line:
            found.add("io_uring")
        if (family := _FAMILY.search(line)) is None:
            continue
        match = next(filter(None, (one.search(line) for one in _PLACES)), None)
        if match is None:
            found.add(family[1])
        elif match[1] == "AF_UNIX":
            found.add(match[2].strip('"'))
        else:
            found.add(f"{match[3]} port {match[2]}")
    return found


def require() -> None:
    """Skip where namespaces or strace are missing; with CI set that is a failure."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    for command in ("strace", "unshare", "ip"):
        if shutil.which(command, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            pytest.skip(f"{command} is not installed")


def command(record: Path, *arguments: str | Path) -> Sequence[str]:
    """The whole command line; strace stands aside (-D), so that signals reach the command itself."""
    strace = ["strace", "-D", "-f", "-q", "--seccomp-bpf", "-e", f"trace={_CALLS}", "-e", "signal=none", "-s", "0"]
    return ["unshare", "--net", "--", "sh", "-c", _INSIDE, "sh", *strace, "-o", str(record), *map(str, arguments)]


@contextmanager
def apart(folder: Path, name: str, *arguments: str | Path) -> Iterator[Apart]:
    """Run a command until the body ends; it must say that it is ready, and end well when it is told to."""
    record, log = folder / f"{name}.strace", folder / f"{name}.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(command(record, *arguments), stdout=subprocess.PIPE, stderr=errors)
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            assert line.startswith("ready"), log.read_text()
            yield Apart(process, record, line.removeprefix("ready").strip())
        finally:
            process.terminate()
            process.communicate()
    assert process.returncode == 0, log.read_text()


def _connect(pid: int, port: int) -> socket.socket:
    namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(namespace, _NET):
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(namespace)
    return socket.create_connection(("127.0.0.1", port), PATIENCE)
