"""A Debian below a folder, with systemd as its first process: namespaces of its own, no network but its loopback."""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.conftest import require

_WITHIN: Final = 120.0  # seconds, of waiting for what must come

# What a container's manager does before it starts systemd (systemd.io/CONTAINER_INTERFACE): file systems of the kernel,
# a /dev without devices of the machine, a tree of control groups that begins here, and the folder as the root.
_ENTER: Final = """
set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do touch "dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
touch dev/console
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p before
pivot_root . before
umount --lazy /before
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=multi-user.target
"""
_UNSHARE: Final = ("unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "--kill-child")


@dataclass(frozen=True)
class Booted:
    """A system that runs. `first`: its first process, as this machine numbers it."""

    first: int

    def run(self, *command: str, account: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in it to its end, as root or as an account."""
        become = ["runuser", "-u", account, "--"] if account else []
        return subprocess.run(
            ["nsenter", "--target", str(self.first), "--all", *become, *command],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, cwd="/", capture_output=True, text=True, check=False,
        )  # fmt: skip

    def said(self, *command: str, account: str = "") -> str:
        """What a command says."""
        return self.run(*command, account=account).stdout.strip()

    def until(self, wanted: str, *command: str) -> None:
        """Wait until a command says this."""
        ends = time.monotonic() + _WITHIN
        while self.said(*command) != wanted:
            assert time.monotonic() < ends, (command, self.said(*command), self.journal())
            time.sleep(0.2)

    def show(self, service: str, name: str) -> str:
        """A property of one of our units."""
        return self.said("systemctl", "show", f"dropbox-{service}", "--property", name, "--value")

    def journal(self, *options: str) -> list[str]:
        """What our services, and systemd of them, have written down."""
        return self.said("journalctl", "--no-pager", "--output=cat", "--unit=dropbox-*", *options).splitlines()


@contextmanager
def booted(root: Path) -> Iterator[Booted]:
    """Boot what stands below `root`; nothing of it is left afterwards. Skips where this machine cannot."""
    require("unshare", "nsenter")
    groups = _groups()
    own = groups / f"boot-{os.getpid()}-{root.parent.name}"
    own.mkdir()
    enter = f'echo $$ > "{own}/cgroup.procs"; exec "$@"'
    command = ["sh", "-c", enter, "sh", *_UNSHARE, "sh", "-c", _ENTER, "sh", str(root)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        machine = Booted(_first(process))
        machine.until("running", "systemctl", "is-system-running")
        yield machine
    finally:
        process.kill()  # and with it everything in its namespace: --kill-child
        process.communicate()
        _remove(own)


def _groups() -> Path:
    """Where control groups of the second version are mounted; systemd needs a tree of them."""
    found = re.search(r"^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 ", Path("/proc/self/mountinfo").read_text(), re.MULTILINE)
    if os.geteuid() != 0 or found is None or not os.access(found[1], os.W_OK):
        pytest.skip("booting a system needs root and control groups (cgroup2)")
    return Path(found[1])


def _first(process: subprocess.Popen[bytes]) -> int:
    """The process that became systemd."""
    ends = time.monotonic() + _WITHIN
    while time.monotonic() < ends and process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children and Path(f"/proc/{children[0]}/comm").read_text().strip() == "systemd":
            return int(children[0])
        time.sleep(0.05)
    process.kill()
    raise AssertionError(process.communicate()[1].decode())


def _remove(groups: Path) -> None:
    """Remove a tree of control groups whose processes end just now."""
    ends = time.monotonic() + _WITHIN
    while groups.exists() and time.monotonic() < ends:
        for folder in (*sorted((path for path in groups.rglob("*") if path.is_dir()), reverse=True), groups):
            with contextlib.suppress(OSError):
                folder.rmdir()
        time.sleep(0.05)
