"""A host as `deploy/install.sh` sets it up below a folder, one for each role; the tests look, and change nothing."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
INSTALL: Final = ROOT / "deploy/install.sh"
ROOT_KEY: Final = "5a" * 32
HOSTS: Final = {"intake": ("intake", "gateway", "onion"), "desk": ("desk",), "ministry": ("ministry",),
                 "audit": ("audit",)}  # fmt: skip


@dataclass(frozen=True)
class Host:
    """The folder below which a host was set up, and what the script said."""

    role: str
    root: Path
    said: str

    @property
    def services(self) -> tuple[str, ...]:
        return HOSTS[self.role]

    @property
    def programs(self) -> tuple[str, ...]:
        """The commands that stand there; an office makes its key for tor with one whose service it does not run."""
        return (*self.services, "onion") if self.role in {"desk", "ministry"} else self.services

    def ids(self, account: str) -> tuple[int, int]:
        """Of an account in this host's own list."""
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, user, group, *_ = line.split(":")
            if name == account:
                return int(user), int(group)
        raise AssertionError(account)


def install(root: Path, role: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the script with what it needs on the path, as a console does: not over SSH."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}
    return subprocess.run(
        [INSTALL, role, "--root", root, *options], env=environment, capture_output=True, text=True, check=False
    )


def require(*commands: str) -> None:
    """Skip where a system's command is missing; with CI set that is a failure."""
    for command in commands:
        if shutil.which(command, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            pytest.skip(f"{command} is not installed: make system-packages")


@pytest.fixture(scope="session", params=HOSTS)
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Each kind of host in turn."""
    require("systemd-sysusers", "systemd-tmpfiles")
    if os.geteuid() != 0:
        pytest.skip("installing needs root")
    root = tmp_path_factory.mktemp(request.param)
    done = install(root, request.param, "--root-key", ROOT_KEY, "--ssh-from", "192.0.2.7")
    assert done.returncode == 0, done.stderr
    return Host(request.param, root, done.stdout)
