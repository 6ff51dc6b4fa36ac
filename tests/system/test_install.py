"""`deploy/install.sh` on a real Debian 12 below a folder: accounts, sockets, upgrades.

systemd does not run in it: the test starts what the units would start, with the accounts that they name. What systemd
makes of the units is in test_boot.py.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from dropbox.protocol.keys import Role
from dropbox.protocol.secret_keys import RootSecretKey, SigningKey
from tests.deploy.conftest import ROOT
from tests.system.debian import Debian

pytestmark = pytest.mark.timeout(1800)  # a whole Debian is fetched and unpacked, on a machine that may be busy

_BROKEN: Final = '''"""A step of the next release."""
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{before}"


def upgrade() -> None:
    op.add_column("envelopes", sa.Column("note", sa.String(8)))
    {last}
'''


@pytest.fixture(scope="module")
def installed(bare_debian: Debian, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Debian]:
    """An intake host with the root's certificates on it."""
    root_key = RootSecretKey.generate(os.urandom)
    with bare_debian.copy(tmp_path_factory.mktemp("installed") / "root", "intake") as debian:
        done = debian.install("--root-key", root_key.public.raw.hex())
        assert done.returncode == 0, done.stdout + done.stderr
        today = int(time.time()) // 86_400
        for role in (Role.DESK_COURIER, Role.MINISTRY_COURIER):
            key = SigningKey.generate(role, os.urandom).public
            certificate = debian.root / f"etc/dropbox/keys/{role.value}.json"
            certificate.write_bytes(root_key.certify(role, key, today - 1, today + 30))
            certificate.chmod(0o644)
        yield debian


@pytest.fixture
def put_back(installed: Debian, tmp_path: Path) -> Iterator[None]:
    """Have this release again after a test that upgrades: no release goes on with a later one's database."""
    state, kept = installed.root / "var/lib/dropbox-intake", tmp_path / "kept"
    subprocess.run(["cp", "-a", state, kept], check=True)
    yield
    shutil.rmtree(state)
    subprocess.run(["cp", "-a", kept, state], check=True)
    done = installed.install()
    assert done.returncode == 0, done.stderr


def next_release(folder: Path, *, broken: bool) -> Path:
    """This release, with one more migration of intake's database."""
    for name in ("dropbox", "deploy", "docs", "requirements.txt", "requirements-build.txt", "pyproject.toml"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    versions = folder / "dropbox/intake/migrations/versions"
    before = max(path.name for path in versions.glob("[0-9]*.py"))[:4]
    last = 'op.execute("INSERT INTO nowhere VALUES (1)")' if broken else ""
    (versions / "9999_next.py").write_text(_BROKEN.format(before=before, last=last))
    return folder


_CONNECT: Final = """
import socket, sys
with socket.socket(socket.AF_UNIX) as line:
    try:
        line.connect(sys.argv[1])
        print("through")
    except OSError as error:
        print(type(error).__name__)
"""


def test_each_socket_is_open_to_those_who_need_it_and_to_nobody_else(installed: Debian) -> None:
    def try_as(account: str, path: str) -> str:
        return installed.run(account, "python3", "-c", _CONNECT, path).stdout.strip()

    with installed.serving("intake"), installed.serving("gateway"):
        for name in ("reporters", "desk", "ministry"):
            path = f"/run/dropbox-intake/{name}.sock"
            assert try_as("debian-tor", path) == "through"
            assert try_as("dropbox-gateway", path) == "through"
            assert try_as("dropbox-onion", path) == "PermissionError"
            assert try_as("nobody", path) == "PermissionError"
        assert try_as("debian-tor", "/run/dropbox-gateway/gateway.sock") == "through"
        for account in ("dropbox-intake", "dropbox-onion", "nobody"):
            assert try_as(account, "/run/dropbox-gateway/gateway.sock") == "PermissionError"
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(installed.root / "run/dropbox-gateway/gateway.sock"))
            line.sendall(b"PROXY TCP6 fc00:dead:beef:4dad::0:53 ::1 83 80\r\nGET /nl/ HTTP/1.1\r\nHost: x\r\n\r\n")
            assert line.recv(64).startswith(b"HTTP/1.1 200")
        said = installed.run(
            "dropbox-gateway",
            "/opt/dropbox/current/bin/dropbox-gateway",
            "check",
            "--config",
            "/etc/dropbox/gateway.toml",
        )
        assert "the desk has not published yet" in said.stdout
        said = installed.run(
            "dropbox-intake", "/opt/dropbox/current/bin/dropbox-intake", "check", "--config", "/etc/dropbox/intake.toml"
        )
        assert said.stdout == "Nothing is wrong.\n"


def test_no_service_can_write_its_program_or_read_anothers_data(installed: Debian) -> None:
    for account in ("dropbox-intake", "dropbox-gateway", "dropbox-onion"):
        for path in ("/opt/dropbox/current/bin", "/opt/dropbox/environments", "/etc/dropbox", "/etc/systemd/system"):
            assert installed.run(account, "test", "-w", path).returncode == 1
    for account in ("dropbox-gateway", "dropbox-onion", "debian-tor", "nobody"):
        assert installed.run(account, "test", "-r", "/var/lib/dropbox-intake").returncode == 1
    assert installed.run("dropbox-gateway", "cat", "/etc/dropbox/intake.toml").returncode == 1
    assert installed.run("nobody", "cat", "/etc/dropbox/gateway.toml").returncode == 1


def test_what_runs_cannot_install(installed: Debian) -> None:
    environments = list((installed.root / "opt/dropbox/environments").iterdir())
    assert len(environments) == 1
    assert not list(environments[0].glob("lib/python*/site-packages/pip"))


def test_running_it_again_changes_nothing(installed: Debian) -> None:
    again = installed.install()
    assert again.returncode == 0, again.stderr
    assert "all there: python3-venv" in again.stdout
    assert again.stdout.splitlines()[-1] == "Nothing had to be changed."


def test_an_upgrade_whose_migration_fails_leaves_the_old_release_serving(installed: Debian, tmp_path: Path) -> None:
    before = installed.current
    with installed.serving("intake") as old:
        failed = installed.install(source=next_release(tmp_path, broken=True))
        assert failed.returncode == 1, failed.stdout
        assert "nothing was changed" in failed.stderr
        assert installed.current == before
        assert old.poll() is None
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(installed.root / "run/dropbox-intake/reporters.sock"))
            line.sendall(b"GET /v1/bulletin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert line.recv(64).startswith(b"HTTP/1.1 503")
    with installed.serving("intake"):
        pass


@pytest.mark.usefixtures("put_back")
def test_an_upgrade_migrates_and_then_serves(installed: Debian, tmp_path: Path) -> None:
    before = installed.current
    done = installed.install(source=next_release(tmp_path, broken=False))
    assert done.returncode == 0, done.stderr
    assert installed.current != before
    with installed.serving("intake"):
        pass
    assert (installed.root / before.lstrip("/")).is_dir()
