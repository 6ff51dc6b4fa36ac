"""The services as systemd reads them: without a mistake, and with next to nothing that they may do."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from dropbox.gateway.confinement import OVERWRITING
from tests.deploy.conftest import HOSTS, ROOT, Host, require

_MOST_EXPOSED: Final = 2.0
_SYSTEM: Final = Path("/usr/lib/systemd/system")


@pytest.fixture(scope="session")
def systemd(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the host with Debian's own units, and commands in the place of those that Python's packages make."""
    require("systemd-analyze")
    root = tmp_path_factory.mktemp("systemd")
    shutil.copytree(_SYSTEM, root / "usr/lib/systemd/system", symlinks=True)
    shutil.copytree(host.root / "etc/systemd", root / "etc/systemd", symlinks=True)
    for service in host.services:
        command = root / f"opt/dropbox/current/bin/dropbox-{service}"
        command.parent.mkdir(parents=True, exist_ok=True)
        command.symlink_to("/bin/true")
    (root / "bin").mkdir()
    shutil.copy("/bin/true", root / "bin/true")
    (root / "usr/share/doc/dropbox").mkdir(parents=True)
    return root


def analyze(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", f"--root={root}", *arguments],
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_unit_is_without_a_mistake(host: Host, systemd: Path) -> None:
    names = [f"dropbox-{service}.service" for service in host.services]
    verified = analyze(systemd, "verify", "--man=no", *names)
    ours = [line for line in verified.stderr.splitlines() if "dropbox" in line]
    assert (verified.returncode, ours) == (0, [])


def test_a_mistake_in_a_unit_would_show(host: Host, systemd: Path) -> None:
    broken = systemd / f"etc/systemd/system/dropbox-{host.services[0]}.service"
    text = broken.read_text()
    broken.write_text(text.replace("[Service]\n", "[Service]\nKillMoed=mixed\n"))
    verified = analyze(systemd, "verify", "--man=no", broken.name)
    broken.write_text(text)
    assert "KillMoed" in verified.stderr


def settings_of(path: str) -> list[tuple[str, str]]:
    lines = (ROOT / "deploy/systemd" / path).read_text().splitlines()
    return [(line.partition("=")[0], line.partition("=")[2]) for line in lines if "=" in line and line[0] != "#"]


@pytest.mark.parametrize("service", [service for services in HOSTS.values() for service in services])
def test_no_unit_counts_on_what_the_common_part_takes_away_after_it(service: str) -> None:
    lists = {"RestrictAddressFamilies"}  # of which systemd takes both
    common = {name for name, _ in settings_of("dropbox-.service.d/common.conf")}
    unit = {name for name, _ in settings_of(f"dropbox-{service}.service")}
    assert common & unit <= lists


def test_each_unit_is_exposed_to_2_0_or_less(host: Host, systemd: Path) -> None:
    for service in host.services:
        name = f"dropbox-{service}.service"
        said = analyze(systemd, "security", "--offline=true", "--no-pager", name)
        level = float(said.stdout.rpartition(f"{name}: ")[2].split()[0])
        assert 0 < level <= _MOST_EXPOSED
        as_json = analyze(systemd, "security", "--offline=true", "--json=short", "--no-pager", name)
        rows = {row["name"]: row for row in json.loads(as_json.stdout)}
        wanted = [
            "PrivateDevices=",
            "ProtectHome=",
            "NoNewPrivileges=",
            "MemoryDenyWriteExecute=",
            "ProtectKernelLogs=",
        ]
        if host.role in {"intake", "audit"}:
            wanted.append("PrivateNetwork=")
        assert all(rows[one]["set"] for one in wanted)


def test_a_unit_that_confines_nothing_would_show(systemd: Path) -> None:
    bare = systemd / "etc/systemd/system/bare.service"
    bare.write_text("[Service]\nExecStart=/bin/true\n")
    said = analyze(systemd, "security", "--offline=true", "--no-pager", "bare.service")
    assert float(said.stdout.rpartition("bare.service: ")[2].split()[0]) > _MOST_EXPOSED


def test_no_process_leaves_memory_on_a_disk() -> None:
    common = (ROOT / "deploy/systemd/dropbox-.service.d/common.conf").read_text()
    assert {"LimitCORE=0", "MemorySwapMax=0"} <= set(common.splitlines())
    assert "Storage=none" in (ROOT / "deploy/system/coredump.conf").read_text().splitlines()


def test_the_gateway_is_told_to_end_through_its_acceptor_alone() -> None:
    unit = (ROOT / "deploy/systemd/dropbox-gateway.service").read_text().splitlines()
    assert "KillMode=mixed" in unit
    assert "LimitMEMLOCK=infinity" in unit
    assert "Environment=" + " ".join(f"{name}={value}" for name, value in OVERWRITING.items()) in unit


def test_the_journal_stands_in_memory_and_is_passed_on_to_nobody() -> None:
    lines = (ROOT / "deploy/system/journald.conf").read_text().splitlines()
    assert {"Storage=volatile", "ForwardToSyslog=no", "ForwardToConsole=no", "ForwardToWall=no"} <= set(lines)
