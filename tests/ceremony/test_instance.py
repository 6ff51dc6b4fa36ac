"""``dropbox-keys instance``: all keys of all roles, made by the real commands and looked for where none may be."""

from __future__ import annotations

import base64
import stat
import subprocess
import sys
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Final

import pytest

from dropbox.bureau.keyring import PUBLISHER_FILE, RECIPIENT_FILE, PublisherKeyring, RecipientKeyring
from dropbox.bureau.vault import accounts_of
from dropbox.ceremony.publish import read_certificates, read_root, words
from dropbox.ceremony.root import open_root
from dropbox.ministry.keyring import COURIER_FILE, INBOX_FILE, Folder
from dropbox.protocol.keys import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROLES: Final = ("desk", "ministry")
PASSPHRASE: Final = "correct horse battery staple of {}"
PASSWORD: Final = "another long password of {}"
OPENED_BY_WORDS: Final = {"root.key", PUBLISHER_FILE, COURIER_FILE}
OPENED_BY_AN_ACCOUNT: Final = {RECIPIENT_FILE, INBOX_FILE, "accounts.json"}
LOCKS: Final = {"accounts.json.lock", "desk.lock", "inbox.lock"}  # empty


@dataclass(frozen=True)
class Instance:
    """What the command made, and what it said."""

    folder: Path
    said: str

    def private(self) -> list[Path]:
        """Every file but the published ones and the settings, which name no secret."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and path.parent.name != "keys")
        return [path for path in files if path.suffix != ".toml"]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    words_of, folder = tmp_path_factory.mktemp("words"), tmp_path_factory.mktemp("instance")

    def kept(name: str, content: str) -> str:
        (words_of / name).write_text(content + "\n")
        return str(words_of / name)

    arguments = ["--folder", str(folder), "--passphrase-file", kept("root", PASSPHRASE.format("root"))]
    for role in ROLES:
        arguments += [f"--{role}-user", role, f"--{role}-password-file", kept(f"{role}-1", PASSWORD.format(role))]
        arguments += [f"--{role}-passphrase-file", kept(f"{role}-2", PASSPHRASE.format(role))]
    command = [sys.executable, "-m", "dropbox.ceremony.cli", "instance", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return Instance(folder, result.stdout)


def secrets_of(instance: Instance) -> dict[str, bytes]:
    """Every secret that the instance has, by where it stands: what a keyring's state does not show."""
    desk, ministry = instance.folder / "desk", Folder(instance.folder / "ministry")
    access = accounts_of(desk).unlock("desk", PASSWORD.format("desk"))
    publisher = PublisherKeyring.open(desk, PASSPHRASE.format("desk")).state
    recipient = RecipientKeyring.open(desk, *access.values()).state
    inbox = ministry.open_inbox("ministry", PASSWORD.format("ministry"))
    courier = ministry.open_courier(PASSPHRASE.format("ministry")).courier
    root = open_root(instance.folder / "root.key", PASSPHRASE.format("root"))
    found = dict(_hidden("access", [*access.values()]))
    for name, keyring in (("publisher", publisher), ("recipient", recipient), ("inbox", inbox), ("root", root)):
        found |= dict(_hidden(name, keyring))
    return found | {"courier": courier.seed}


def _hidden(name: str, value: object, *, shown: bool = False) -> Iterator[tuple[str, bytes]]:
    if isinstance(value, bytes):
        if not shown:
            yield name, value
    elif is_dataclass(value):
        for one in fields(value):
            yield from _hidden(f"{name}.{one.name}", getattr(value, one.name), shown=one.repr)
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from _hidden(f"{name}.{place}", item, shown=shown)
    elif hasattr(value, "items"):
        for key, item in value.items():
            yield from _hidden(f"{name}.{key.hex() if isinstance(key, bytes) else key}", item, shown=shown)


def spellings(secret: bytes) -> list[bytes]:
    encoded = base64.b64encode(secret).rstrip(b"=")
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), encoded, encoded.translate(_URL)]


_URL: Final = bytes.maketrans(b"+/", b"-_")


def test_no_secret_of_any_role_stands_in_the_published_folder_or_in_the_clear(instance: Instance) -> None:
    found = secrets_of(instance)
    assert len(found) > 40  # every prekey's two halves, and the keys of root, desk and ministry
    assert all(len(secret) >= 32 for secret in found.values())
    everything = b"\n".join(path.read_bytes() for path in instance.folder.rglob("*") if path.is_file())
    everything += instance.said.encode()
    assert [name for name, secret in found.items() if any(one in everything for one in spellings(secret))] == []
    public = read_certificates(instance.folder / "keys", read_root(instance.folder / "keys"))
    assert base64.b64encode(public[0].key) in everything, "the search itself must find things"


def test_private_files_are_their_owners_alone_and_all_are_known(instance: Instance) -> None:
    private = instance.private()
    assert {path.name for path in private} <= OPENED_BY_WORDS | OPENED_BY_AN_ACCOUNT | LOCKS
    assert {path.name for path in private} >= OPENED_BY_WORDS | OPENED_BY_AN_ACCOUNT
    assert [path for path in private if stat.S_IMODE(path.stat().st_mode) != 0o600] == []
    assert not any(path.read_bytes() for path in private if path.name in LOCKS)


def test_every_role_is_certified_and_the_fingerprint_is_said_in_words(instance: Instance) -> None:
    root = read_root(instance.folder / "keys")
    assert {one.role for one in read_certificates(instance.folder / "keys", root)} == set(Role)
    assert words(root) in instance.said
    assert len(words(root).split()) == 12
