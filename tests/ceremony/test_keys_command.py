"""``dropbox-keys`` as an operator uses it: real processes, files looked at afterwards."""

from __future__ import annotations

import secrets
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dropbox.ceremony.publish import read_certificates, read_root, words
from dropbox.ceremony.root import open_root
from dropbox.protocol.keys import CertificateRequest, Role
from dropbox.protocol.secret_keys import SigningKey, XWingSecretKey

PASSPHRASE = "correct horse battery staple"


def keys_command(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("dropbox-keys")), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def passphrase_file(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    return path


@pytest.fixture
def made(tmp_path: Path, passphrase_file: Path) -> tuple[Path, Path]:
    """A root's own file, and the folder to publish."""
    secret, folder = tmp_path / "offline" / "root.key", tmp_path / "keys"
    result = keys_command("root", "--secret", secret, "--publish", folder, "--passphrase-file", passphrase_file)
    assert result.returncode == 0, result.stderr
    assert words(read_root(folder)) in result.stdout
    return secret, folder


def request_file(tmp_path: Path, *roles: Role) -> tuple[Path, dict[Role, bytes]]:
    publics = {
        role: XWingSecretKey.generate(secrets.token_bytes).public
        if role in (Role.BUREAU_CARD_BOX, Role.MINISTRY_CARD_BOX)
        else SigningKey.generate(role, secrets.token_bytes).public
        for role in roles
    }
    path = tmp_path / "request.json"
    path.write_bytes(CertificateRequest(tuple(sorted(publics.items()))).to_bytes())
    return path, publics


def test_the_roots_file_is_private_and_opens_with_its_passphrase(made: tuple[Path, Path]) -> None:
    secret, folder = made
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    root = open_root(secret, PASSPHRASE)
    assert root.public == read_root(folder)
    assert root.seed not in secret.read_bytes()


def test_the_published_folder_holds_no_secret(made: tuple[Path, Path]) -> None:
    secret, folder = made
    seed = open_root(secret, PASSPHRASE).seed
    published = b"".join(path.read_bytes() for path in folder.iterdir())
    assert seed not in published
    assert seed.hex().encode() not in published


def test_requests_are_certified_and_shown(made: tuple[Path, Path], tmp_path: Path, passphrase_file: Path) -> None:
    secret, folder = made
    request, publics = request_file(tmp_path, Role.BOARD, Role.MINISTRY_CARD_BOX)
    result = keys_command(
        "certify", "--secret", secret, "--publish", folder, "--passphrase-file", passphrase_file, "--days", 90, request
    )
    assert result.returncode == 0, result.stderr
    certificates = {one.role: one for one in read_certificates(folder, read_root(folder))}
    assert {role: one.key for role, one in certificates.items()} == publics
    today = int(time.time()) // 86_400
    assert all(one.covers(today) and one.not_after - today <= 90 for one in certificates.values())
    shown = keys_command("show", "--publish", folder)
    assert shown.returncode == 0
    assert "board: 90 days left" in shown.stdout


def test_a_root_is_never_overwritten(made: tuple[Path, Path], passphrase_file: Path) -> None:
    secret, folder = made
    before = secret.read_bytes()
    result = keys_command("root", "--secret", secret, "--publish", folder, "--passphrase-file", passphrase_file)
    assert result.returncode == 1
    assert "never overwritten" in result.stderr
    assert secret.read_bytes() == before


def test_a_wrong_passphrase_certifies_nothing(made: tuple[Path, Path], tmp_path: Path) -> None:
    secret, folder = made
    request, _ = request_file(tmp_path, Role.BOARD)
    wrong = tmp_path / "wrong"
    wrong.write_text("correct horse battery stable\n")
    result = keys_command("certify", "--secret", secret, "--publish", folder, "--passphrase-file", wrong, request)
    assert result.returncode == 1
    assert "passphrase" in result.stderr.lower()
    assert not list(folder.glob("*.json"))


def test_a_short_passphrase_makes_nothing(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("hunter2\n")
    secret = tmp_path / "root.key"
    result = keys_command("root", "--secret", secret, "--publish", tmp_path / "keys", "--passphrase-file", short)
    assert result.returncode == 1
    assert not secret.exists()


def test_a_request_with_an_unknown_role_is_refused(
    made: tuple[Path, Path], tmp_path: Path, passphrase_file: Path
) -> None:
    secret, folder = made
    request = tmp_path / "request.json"
    request.write_bytes(b'{"keys":{"everything":"AAAA"},"version":1}')
    result = keys_command(
        "certify", "--secret", secret, "--publish", folder, "--passphrase-file", passphrase_file, request
    )
    assert result.returncode == 1
    assert "everything" not in result.stderr
    assert not list(folder.glob("*.json"))


def test_a_certificate_of_another_root_in_the_folder_is_named(made: tuple[Path, Path]) -> None:
    _, folder = made
    (folder / "board-00000000.json").write_text("{}")
    result = keys_command("show", "--publish", folder)
    assert result.returncode == 1
    assert "board-00000000.json" in result.stderr
