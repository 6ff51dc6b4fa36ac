"""What of an intake host cannot be made again, saved and restored; onion keys are made by the real command."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.conftest import ROOT, ROOT_KEY, install, require

_SCRIPT: Final = ROOT / "deploy/host-backup.sh"
_SECRET: Final = "var/lib/tor/dropbox/reporters/hs_ed25519_secret_key"


def backup(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_SCRIPT, *arguments], capture_output=True, text=True, check=False)


def make_keys(root: Path) -> str:
    """Onion keys as the operator makes them; gives what the command says of their addresses."""
    settings = (ROOT / "deploy/settings/onion.toml").read_text()
    config = root / "onion-here.toml"
    config.write_text(settings.replace('"/var/', f'"{root}/var/'))
    made = subprocess.run(
        [sys.executable, "-m", "dropbox.onion.cli", "keys", "make", "--config", config],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    config.unlink()
    return made.stdout


def new_host(root: Path) -> Path:
    root.mkdir()
    done = install(root, "intake", "--root-key", ROOT_KEY)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """(identity, recipients), as age makes them."""
    require("age", "age-keygen", "systemd-sysusers")
    if os.geteuid() != 0:
        pytest.skip("installing needs root")
    identity, recipients = tmp_path / "identity", tmp_path / "recipients"
    subprocess.run(["age-keygen", "-o", identity], capture_output=True, check=True)
    public = subprocess.run(["age-keygen", "-y", identity], capture_output=True, text=True, check=True)
    recipients.write_text(public.stdout)
    return identity, recipients


def test_a_new_host_has_the_same_addresses_settings_and_certificates(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    identity, recipients = keys
    old, file = new_host(tmp_path / "old"), tmp_path / "host.age"
    said = make_keys(old)
    assert said.count(".onion") == 3
    (old / "etc/dropbox/keys/desk-courier.json").write_text("{}")
    (old / "etc/dropbox/gateway.toml").write_text("# mine\n")
    saved = backup("save", file, "--recipients", recipients, "--root", old)
    assert saved.returncode == 0, saved.stderr
    secret = (old / _SECRET).read_bytes()
    assert secret[-32:] not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    new = new_host(tmp_path / "new")
    restored = backup("restore", file, "--identity", identity, "--root", new)
    assert restored.returncode == 0, restored.stderr
    assert install(new, "intake").returncode == 0
    assert make_keys(new) == said, "none is made anew"
    assert (new / _SECRET).read_bytes() == secret
    assert stat.S_IMODE((new / _SECRET).stat().st_mode) == 0o600
    assert (new / _SECRET).stat().st_uid == (new / "var/lib/tor/dropbox").stat().st_uid != 0
    assert (new / "etc/dropbox/gateway.toml").read_text() == "# mine\n"
    assert (new / "etc/dropbox/keys/desk-courier.json").read_text() == "{}"


def harm(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def test_keys_that_are_there_are_never_overwritten_and_a_damaged_backup_changes_nothing(
    tmp_path: Path, keys: tuple[Path, Path]
) -> None:
    identity, recipients = keys
    old, file = new_host(tmp_path / "old"), tmp_path / "host.age"
    make_keys(old)
    assert backup("save", file, "--recipients", recipients, "--root", old).returncode == 0
    refused = backup("restore", file, "--identity", identity, "--root", old)
    assert refused.returncode == 1
    assert "none is overwritten" in refused.stderr
    new = new_host(tmp_path / "new")
    before = {path: path.lstat().st_mtime_ns for path in new.rglob("*")}
    stranger = tmp_path / "stranger"
    subprocess.run(["age-keygen", "-o", stranger], capture_output=True, check=True)
    assert backup("restore", file, "--identity", stranger, "--root", new).returncode == 1
    harm(file, lambda data: data[:-40])
    damaged = backup("restore", file, "--identity", identity, "--root", new)
    assert damaged.returncode == 1
    assert "nothing was changed" in damaged.stderr
    assert {path: path.lstat().st_mtime_ns for path in new.rglob("*")} == before
    assert not list(Path("/dev/shm").glob("dropbox-restore.*"))  # noqa: S108 - where the script works


def test_the_store_of_envelopes_is_not_in_it(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    identity, recipients = keys
    old, file = new_host(tmp_path / "old"), tmp_path / "host.age"
    (old / "var/lib/dropbox-intake/intake.db").write_bytes(b"sealed envelopes")
    assert backup("save", file, "--recipients", recipients, "--root", old).returncode == 0
    opened = subprocess.run(["age", "--decrypt", "--identity", identity, file], capture_output=True, check=True)
    listed = subprocess.run(["tar", "--list"], input=opened.stdout, capture_output=True, check=True).stdout.decode()
    assert "etc/dropbox/intake.toml" in listed
    assert "intake.db" not in listed


@pytest.mark.parametrize(
    "arguments", [(), ("save", "file"), ("save", "file", "--identity", "x"), ("copy", "a", "--root", "b")]
)
def test_a_mistake_in_the_command_is_a_sentence(arguments: tuple[str, ...]) -> None:
    refused = backup(*arguments)
    assert refused.returncode == 1
    assert refused.stderr.startswith("host-backup.sh: ")
