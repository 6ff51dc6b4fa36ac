"""Each command starts and serves from a folder that holds only the files listed for its host."""

import asyncio
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from dropbox.protocol.keys import CertificateRequest, Role
from dropbox.protocol.secret_keys import RootSecretKey, SigningKey
from tests.auditor.host import running_host
from tests.boundaries.listed import ROOT, files, listed
from tests.onion.host import onion_host
from tests.simulators.control_port import control_port

_PRIVATE: Final = ("opening.py", "secret_keys.py", "bureau", "ministry", "ceremony")
_PACKAGES: Final = {
    "intake": "intake", "gateway": "gateway", "onion": "onion", "desk": "bureau", "ministry": "ministry",
    "audit": "auditor",
}  # fmt: skip
_OFFICES: Final = {"desk": "vault", "ministry": "folder"}  # the setting that names its folder


def _command(role: str) -> list[str]:
    start = f"import sys; from dropbox.{_PACKAGES[role]}.cli import main; sys.exit(main())"
    return [sys.executable, "-S", "-c", start]


def _environment(host: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join((str(host), sysconfig.get_path("purelib")))}


@contextmanager
def _started(role: str, host: Path, config: Path, *options: str) -> Iterator[str]:
    """Start the command with nothing of ours but the host's files, and give its first line.

    Without the site module, no `.pth` file leads back to the repository.
    """
    with subprocess.Popen(
        [*_command(role), "serve", "--config", str(config), *options],
        cwd=host,
        env=_environment(host),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            line = process.stdout.readline()
            if not line.startswith("ready"):
                process.kill()
                raise AssertionError(process.stderr.read())
            yield line.removeprefix("ready").strip()
        finally:
            process.terminate()
        assert process.wait() == 0


@pytest.fixture
def host(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / "host"
    for path in files(request.param):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder


@pytest.fixture
def root_key() -> RootSecretKey:
    return RootSecretKey.generate(os.urandom)


async def _get(address: str, socket: Path | None = None) -> tuple[int, bytes]:
    connector = aiohttp.UnixConnector(str(socket)) if socket else aiohttp.TCPConnector()
    async with aiohttp.ClientSession(connector=connector) as session, session.get(address) as response:
        return response.status, await response.read()


@pytest.mark.parametrize("host", ["intake"], indirect=True)
def test_intake_serves_with_its_own_files_only(tmp_path: Path, host: Path, root_key: RootSecretKey) -> None:
    keys, run = tmp_path / "keys", tmp_path / "run"
    keys.mkdir()
    run.mkdir()
    for role in (Role.DESK_COURIER, Role.MINISTRY_COURIER):
        courier = SigningKey.generate(role, os.urandom)
        (keys / f"{role.value}.json").write_bytes(root_key.certify(role, courier.public, 0, 30_000))
    config = tmp_path / "intake.toml"
    config.write_text(
        f'database = "sqlite:///{tmp_path}/intake.db"\nruntime_dir = "{run}"\nkeys_dir = "{keys}"\n'
        f'root_key = "{root_key.public.raw.hex()}"\n'
    )
    with _started("intake", host, config):
        status, body = asyncio.run(_get("http://intake/v1/bulletin", run / "reporters.sock"))
    assert (status, body) == (503, b'{"error": "not_ready"}')


@pytest.mark.parametrize("host", ["gateway"], indirect=True)
def test_gateway_serves_with_its_own_files_only(tmp_path: Path, host: Path, root_key: RootSecretKey) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(
        f'intake_socket = "{tmp_path}/reporters.sock"\nlisten = "127.0.0.1:0"\n'
        f'root_key = "{root_key.public.raw.hex()}"\n'
    )
    with _started("gateway", host, config) as address:
        status, page = asyncio.run(_get(address + "nl/"))
    assert status == 200
    assert b"<html" in page


@pytest.mark.parametrize("host", ["onion"], indirect=True)
def test_onion_serves_with_its_own_files_only(host: Path) -> None:
    with onion_host() as made:
        made.make_keys()
        with control_port(made.control), _started("onion", host, made.config) as said:
            assert said == ""


@pytest.mark.parametrize(("host", "role"), [(role, role) for role in _OFFICES], indirect=["host"])
def test_an_office_is_made_and_serves_with_its_own_files_only(
    tmp_path: Path, host: Path, role: str, root_key: RootSecretKey
) -> None:
    keys, request, secret = tmp_path / "keys", tmp_path / "request.json", tmp_path / "secret"
    keys.mkdir()
    secret.write_text("six random words are good\n")
    config = tmp_path / "office.toml"
    config.write_text(
        f'{_OFFICES[role]} = "{tmp_path}/office"\nintake_socket = "{tmp_path}/none.sock"\nkeys_dir = "{keys}"\n'
        f'root_key = "{root_key.public.raw.hex()}"\nlisten = "127.0.0.1:0"\ncard_period = 600\ncards_per_batch = 4\n'
    )
    passphrase = ("--passphrase-file", str(secret))
    subprocess.run(
        [*_command(role), "init", "--config", str(config), "--request", str(request), "--user", "anna",
         "--password-file", str(secret), *passphrase],
        cwd=host, env=_environment(host), check=True, capture_output=True,
    )  # fmt: skip
    for kind, key in CertificateRequest.from_bytes(request.read_bytes()).keys:
        (keys / f"{kind.value}.json").write_bytes(root_key.certify(kind, key, 0, 30_000))
    with _started(role, host, config, *passphrase) as address:
        status, page = asyncio.run(_get(address))
    assert status == 200
    assert b"<html" in page


@pytest.mark.parametrize("host", ["audit"], indirect=True)
def test_an_auditor_looks_with_its_own_files_only(host: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="au") as name, running_host(Path(name)) as running:
        config = running.config()
        done = subprocess.run(
            [*_command("audit"), "look", "--config", str(config), "--hurried"],
            cwd=host, env=_environment(host), capture_output=True, text=True, check=False,
        )  # fmt: skip
        sent = subprocess.run(
            [*_command("audit"), "canary", "--config", str(config), "--hurried"],
            cwd=host, env=_environment(host), capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, "Nothing wrong was found." in done.stdout) == (0, True), done
    assert (sent.returncode, "The canary is sent." in sent.stdout) == (0, True), sent


@pytest.mark.parametrize("role", _PACKAGES)
def test_every_line_names_something(role: str) -> None:
    assert all(any(ROOT.glob(line)) for line in listed(role))


@pytest.mark.parametrize("role", ["intake", "gateway", "onion", "audit"])
def test_no_private_key_code_stands_on_the_host(role: str) -> None:
    assert not [path for path in files(role) if set(path.relative_to(ROOT).parts) & set(_PRIVATE)]
