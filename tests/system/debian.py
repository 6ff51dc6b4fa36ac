"""Debian 12 below a folder, as `deploy/install.sh` finds it, and the packages of Python that it installs."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.conftest import ROOT, install, require

_PACKAGES: Final = "python3-venv,systemd,dbus,acl,nftables,apparmor,age,tor,ca-certificates"


@dataclass(frozen=True)
class Debian:
    """A system below a folder, and the packages of Python that it installs."""

    root: Path
    wheels: Path
    role: str = "intake"

    def install(self, *options: str, source: Path = ROOT) -> subprocess.CompletedProcess[str]:
        if source == ROOT:
            return install(self.root, self.role, "--wheels", str(self.wheels), *options)
        return subprocess.run(
            [source / "deploy/install.sh", self.role, "--root", self.root, "--wheels", self.wheels, *options],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    @contextmanager
    def copy(self, root: Path, role: str) -> Iterator["Debian"]:
        """Another such system, for a role, while the body runs."""
        subprocess.run(["cp", "-a", "--one-file-system", self.root, root], check=True)
        subprocess.run(["mount", "--bind", "/proc", root / "proc"], check=True)
        try:
            yield Debian(root, self.wheels, role)
        finally:
            subprocess.run(["umount", "--lazy", root / "proc"], check=True)  # one that ends may still look into it
            shutil.rmtree(root, ignore_errors=True)

    def as_account(self, account: str, *command: str) -> list[str]:
        """A command in there, with the account's own groups and nothing of root's."""
        return ["chroot", f"--userspec={account}:", str(self.root), *command]

    def run(self, account: str, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.as_account(account, *command), capture_output=True, text=True, check=False)

    @contextmanager
    def serving(self, service: str) -> Iterator[subprocess.Popen[str]]:
        """What the unit starts."""
        command = f"/opt/dropbox/current/bin/dropbox-{service}"
        config = f"/etc/dropbox/{service}.toml"
        process = subprocess.Popen(
            self.as_account(f"dropbox-{service}", command, "serve", "--config", config),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("ready"), process.stderr.read()
            yield process
        finally:
            process.terminate()
            process.communicate()

    @property
    def current(self) -> str:
        return str((self.root / "opt/dropbox/current").readlink())


def bare(root: Path, wheels: Path) -> Debian:
    """Make one, with what is not ours fetched into `wheels`; copies of it are worked with."""
    require("debootstrap")
    if os.geteuid() != 0:
        pytest.skip("a system of one's own needs root")
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", root, *_mirror()],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
    )  # fmt: skip
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    if (root / "proc").is_mount():  # it leaves that behind where something still looks into it; a copy had no end
        subprocess.run(["umount", "--lazy", root / "proc"], check=True)
    root.chmod(0o755)  # pytest makes it for one account only
    for needed in ("requirements.txt", "requirements-build.txt"):
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--no-build-isolation", "--require-hashes", "--dest", wheels, "-r", ROOT / needed],
            check=True, capture_output=True,
        )  # fmt: skip
    return Debian(root, wheels)


def _mirror() -> list[str]:
    """Where this machine has its own packages from; debootstrap knows where else."""
    for path in (Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("debian.*"))):
        found = re.search(
            r"^(?:deb |URIs: *)(?:\[.*?\] )?(http\S+)", path.read_text() if path.exists() else "", re.MULTILINE
        )
        if found:
            return [found.group(1)]
    return []
