"""The AppArmor profiles are well-formed.  That they confine, or let the commands work, is not shown by any test."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.conftest import HOSTS, ROOT, require

_FOLDER: Final = ROOT / "deploy/apparmor"
_SERVICES: Final = [service for services in HOSTS.values() for service in services]


def parse(profile: Path) -> subprocess.CompletedProcess[str]:
    """Parse and compile, and load nothing into the kernel."""
    require("apparmor_parser")
    return subprocess.run(
        ["/usr/sbin/apparmor_parser", "--skip-kernel-load", "--skip-cache", "--Include", _FOLDER, profile],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("service", _SERVICES)
def test_each_profile_parses_and_names_its_own_service_only(service: str) -> None:
    profile = _FOLDER / f"dropbox-{service}"
    done = parse(profile)
    assert done.returncode == 0, done.stderr
    text = profile.read_text()
    assert f"profile dropbox-{service} " in text
    assert not [other for other in _SERVICES if other != service and f"/var/lib/dropbox-{other}/" in text]


@pytest.mark.parametrize("service", _SERVICES)
def test_each_unit_asks_for_its_profile(service: str) -> None:
    unit = (ROOT / f"deploy/systemd/dropbox-{service}.service").read_text().splitlines()
    assert f"AppArmorProfile=-dropbox-{service}" in unit


def test_what_is_added_for_tor_parses_within_a_profile(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    profile.write_text(f'profile tor_as_if {{\n  include "{_FOLDER}/tor"\n}}\n')
    assert parse(profile).returncode == 0


def test_a_mistake_in_a_profile_would_show(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    profile.write_text("profile broken {\n  /etc/passwd rr rw\n}\n")
    assert parse(profile).returncode != 0


def test_the_gateway_may_write_no_file() -> None:
    lines = (_FOLDER / "dropbox-gateway").read_text().splitlines()
    writing = [line.split()[-2] for line in lines if line.rstrip(",").endswith(("rw", "w", "rwk"))]
    sockets = ["/run/dropbox-gateway/*", "/run/dropbox-intake/reporters.sock", "/run/dropbox-onion/circuits.sock"]
    assert writing == sockets
